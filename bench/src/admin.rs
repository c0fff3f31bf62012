//! The administrator's lists over a million users: how long the server takes for a page.

use std::path::Path;

use rusqlite::{Connection as Database, params};

use crate::{
    Outcome,
    client::Connection,
    median,
    server::{Server, USER, now},
};

const USERS: i64 = 1_000_000;
/// So many are made in one transaction.
const STEP: i64 = 50_000;
const ROUNDS: usize = 21;
/// What a page may take, in milliseconds.
const AT_MOST: f64 = 50.0;

/// Names in another order than the numbers, as people come.
const FILL: &str = "WITH RECURSIVE made (n) AS (SELECT ?1 UNION ALL SELECT n + 1 FROM made WHERE n < ?2) \
     INSERT INTO users (username, username_key, email, email_key, status, is_super_user, roles, version, \
     created_at, updated_at) \
     SELECT printf('person%07d', n * 7919 % 1000000), printf('person%07d', n * 7919 % 1000000), \
     printf('p%d@people.test', n), printf('p%d@people.test', n), \
     CASE WHEN n % 1000 = 7 THEN 'suspended' ELSE 'active' END, 0, \
     CASE WHEN n % 10000 = 9 THEN 'editor' ELSE '' END, 1, 0, 0 FROM made";

/// What is asked, and how it is called. The cursor is an account in the middle.
const LISTS: [(&str, &str); 10] = [
    ("first page", "/api/admin/users"),
    ("in the middle", "/api/admin/users?cursor=500000"),
    ("suspended, in the middle", "/api/admin/users?status=suspended&cursor=500000"),
    ("with a role", "/api/admin/users?role=editor"),
    ("one name", "/api/admin/users?q=person0123456"),
    ("one address", "/api/admin/users?q=p777777@people.test"),
    ("a prefix of ten thousand", "/api/admin/users?q=person01"),
    ("a prefix of all", "/api/admin/users?q=person"),
    ("a prefix of all, in the middle", "/api/admin/users?q=person&cursor=500000"),
    ("the page of the first", "/admin/users"),
];

pub(crate) async fn run() -> Outcome {
    let folder = tempfile::tempdir()?;
    let (site, _) = Server::site(folder.path()).await?;
    site.access_token().await?;
    drop(site);
    // The server has to let go of the file.
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    fill(&folder.path().join("data/vestibule.db"))?;

    let (site, _) = Server::site(folder.path()).await?;
    let token = site.access_token().await?;
    let mut connection = Connection::open(&site.address).await?;
    let mut is_slow = false;
    for (name, path) in LISTS {
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n"
        );
        let mut times = Vec::new();
        for _ in 0..ROUNDS {
            let started = now();
            let answer = connection.send(request.as_bytes()).await?;
            times.push(started.elapsed().as_secs_f64() * 1000.0);
            let finds = answer.body.windows(6).any(|text| text == b"person");
            if answer.status != 200 || !finds {
                return Err(format!("{path} was answered {} without anybody", answer.status).into());
            }
        }
        let (first, slowest) = (times.first().copied().unwrap_or_default(), times.iter().copied());
        let slowest = slowest.fold(0.0, f64::max);
        let middle = median(&mut times);
        println!("admin: {middle:6.1} ms, first {first:.1}, slowest {slowest:.1}: {name}");
        is_slow |= middle > AT_MOST;
    }
    if is_slow { Err(format!("a page took more than {AT_MOST} ms").into()) } else { Ok(()) }
}

fn fill(path: &Path) -> Outcome {
    let mut database = Database::open(path)?;
    database.pragma_update(None, "synchronous", "OFF")?;
    database.pragma_update(None, "cache_size", -400_000)?;
    let started = now();
    for first in (0..USERS).step_by(usize::try_from(STEP)?) {
        let step = database.transaction()?;
        step.execute(FILL, params![first, first + STEP - 1])?;
        step.commit()?;
        let made = first + STEP;
        println!("admin: {made} users made after {:.0} s", started.elapsed().as_secs_f64());
    }
    database.execute("UPDATE users SET is_super_user = 1 WHERE username_key = ?1", [USER])?;
    Ok(())
}
