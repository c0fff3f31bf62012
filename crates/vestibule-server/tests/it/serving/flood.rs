//! More sign-ins at once than the machine can hash.

use std::collections::BTreeMap;

use serde_json::json;
use vestibule_testkit::visitors::Visitor as _;

use super::wire::memory;
use crate::test_app::{PASSWORD, costly_place, create_user, serve};

const SIGN_INS: usize = 200;
/// Of one hash at the default cost, in KiB.
const BLOCK: u64 = 19_456;
/// For the connections, and for what the allocator keeps, in KiB.
const MARGIN: u64 = 32 * 1024;

#[tokio::test]
async fn a_flood_of_sign_ins_is_turned_away_and_slows_nobody_who_is_in() {
    let place = costly_place();
    create_user(&place, "ada", &[]);
    let site = serve(&place);
    let app = site.app();
    assert_eq!(app.sign_in("ada", PASSWORD).await.status, 200);
    let hashers = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
    let idle = memory(site.pid(), "VmRSS");

    let flood: Vec<_> = (0..SIGN_INS)
        .map(|number| {
            let nobody = site.anonymous();
            let who = if number % 2 == 0 { "ada".to_owned() } else { format!("stranger-{number}") };
            let body = json!({ "login": who, "password": format!("{PASSWORD} {number}") });
            tokio::spawn(async move { nobody.post_json("/api/auth/login", &body).await })
        })
        .collect();
    let mut asked = 0;
    while !flood.iter().all(tokio::task::JoinHandle::is_finished) {
        assert_eq!(app.get("/api/auth/me").await.status, 200);
        asked += 1;
    }
    let mut answers = BTreeMap::new();
    for answer in flood {
        let answer = answer.await.unwrap();
        let status = answer.status.as_u16();
        assert!([401, 429, 503].contains(&status), "{}", answer.text());
        assert_eq!(answer.header("retry-after").is_empty(), status == 401);
        *answers.entry(status).or_insert(0) += 1;
    }
    assert!(answers.get(&401).is_some_and(|count| *count > 0), "{answers:?}");
    assert!(answers.len() > 1, "some are turned away: {answers:?}");
    // Whoever had to wait behind the hashing would get at most one answer for each hash.
    assert!(asked > answers[&401], "{asked} answers to somebody who is in, beside {answers:?}");
    let most = memory(site.pid(), "VmHWM");
    let allowed = idle + hashers * BLOCK + MARGIN;
    assert!(most < allowed, "{most} KiB, {idle} KiB before, allowed are {allowed} KiB");
}
