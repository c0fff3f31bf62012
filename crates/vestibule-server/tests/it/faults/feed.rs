//! A node that no longer hears what the others end.

use std::time::Duration;

use vestibule_testkit::{
    cable::Condition,
    postgres::{self, Postgres},
    site::Place,
    visitors::Visitor as _,
    wait,
};

use super::{BACK_WITHIN, Scene, at_last, cable_to, figure, figure_becomes, is_put_off, through};
use crate::{
    cluster::{Cluster, VERIFY, Ways, place_of_node, sign_in},
    test_app::{clock, create_user, serve},
};

const BOUND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn who_is_cut_off_believes_nobody_beyond_the_bound() {
    beyond_the_bound(Condition::Cut).await;
}

#[tokio::test]
async fn who_hears_nothing_believes_nobody_beyond_the_bound() {
    beyond_the_bound(Condition::Silent).await;
}

/// One of two nodes loses its way to the database, and a session ends on the other one.
async fn beyond_the_bound(outage: Condition) {
    let server = Postgres::shared();
    let database = server.create_database();
    let cable = cable_to(server);
    let settings = [("VESTIBULE_FEED__BOUND", "1s")];
    let far = place_of_node(&through(&cable, server, &database.url()), &settings);
    let near = place_of_node(&database.url(), &settings).sharing(far.secrets());
    near.secrets().add(server.password());
    let places = vec![near.keeping(database), far];
    create_user(&places[0], "ada", &[]);
    let sites: Vec<_> = places.iter().map(serve).collect();
    let ways = Ways::to(sites.iter().map(|site| site.address()), places[0].secrets());
    let cluster = Cluster { sites, places, ways };

    let (leaver, stays) = (cluster.app(0), cluster.app(0));
    let (seen, bystander) = (cluster.app(1), cluster.app(1));
    for (there, here) in [(&leaver, &seen), (&stays, &bystander)] {
        sign_in(there).await;
        here.hold(there.access_token().as_deref(), there.refresh_token().as_deref());
        assert_eq!(here.get(VERIFY).await.status, 204);
    }
    let clock = clock();
    let cut = clock.monotonic();
    cable.set(outage);
    assert_eq!(leaver.sign_out().await.status, 204);
    let is_lost = async || {
        let asked = clock.monotonic() - cut;
        let answer = seen.get(VERIFY).await;
        if answer.status == 204 {
            // The node reckons by the same clock; twice as long is more than it may.
            assert!(asked < 2 * BOUND, "an ended session is believed after {asked:?}");
            return None;
        }
        is_put_off(&answer);
        Some(())
    };
    wait::until_async(BACK_WITHIN, is_lost).await.expect("the bound passes");
    for _ in 0..3 {
        is_put_off(&seen.get(VERIFY).await);
        is_put_off(&bystander.get(VERIFY).await);
    }
    figure_becomes(&cluster.places[1], "vestibule_feed_lost", 1.0).await;
    assert_eq!(stays.get(VERIFY).await.status, 204, "the other node is well");

    cable.set(Condition::Whole);
    let is_refused = async || {
        let answer = seen.get(VERIFY).await;
        if answer.status == 503 {
            return None;
        }
        Some(answer.verdict())
    };
    let refused = wait::until_async(BACK_WITHIN, is_refused).await;
    assert_eq!(refused, Some((401, "token_revoked".into())), "the first thing that it says");
    at_last(async || bystander.get(VERIFY).await).await;
    figure_becomes(&cluster.places[1], "vestibule_feed_lost", 0.0).await;
    assert_eq!(bystander.refresh().await.status, 200);
}

/// The feed alone is gone; everything else answers.
fn take_feed(place: &Place, is_there: bool) {
    let (from, to) =
        if is_there { ("changes_away", "changes") } else { ("changes", "changes_away") };
    let url = place.variable("DATABASE_URL").unwrap();
    let _ = postgres::sql(url, &format!("ALTER TABLE {from} RENAME TO {to}"));
}

#[tokio::test]
async fn without_the_feed_the_store_is_asked_for_every_request() {
    let scene = Scene::start(&[("VESTIBULE_FEED__BOUND", "1s")]).await;
    let asked = || figure(&scene.place, "vestibule_store_asked_total");
    take_feed(&scene.place, false);
    figure_becomes(&scene.place, "vestibule_feed_lost", 1.0).await;
    let before = asked();
    for answer in scene.both(async |person| person.get(VERIFY).await).await {
        assert_eq!(answer.status, 204, "{}", answer.text());
    }
    assert!(asked() >= before + 2.0);
    // Ended where no feed tells of it.
    let url = scene.place.variable("DATABASE_URL").unwrap();
    let end = "UPDATE sessions SET end_at = created_at, end_reason = 'signed_out'";
    let _ = postgres::sql(url, end);
    for answer in scene.both(async |person| person.get(VERIFY).await).await {
        assert_eq!(answer.status, 401, "{}", answer.text());
    }
    take_feed(&scene.place, true);
    figure_becomes(&scene.place, "vestibule_feed_lost", 0.0).await;
}

#[tokio::test]
async fn a_strict_node_answers_nobody_without_the_feed() {
    let scene =
        Scene::start(&[("VESTIBULE_FEED__BOUND", "1s"), ("VESTIBULE_FEED__STRICT", "true")]).await;
    take_feed(&scene.place, false);
    figure_becomes(&scene.place, "vestibule_feed_lost", 1.0).await;
    for answer in scene.both(async |person| person.get(VERIFY).await).await {
        is_put_off(&answer);
    }
    assert!(figure(&scene.place, "vestibule_store_asked_total") < 0.5, "it has not even asked");
    take_feed(&scene.place, true);
    scene.both_at_last(async |person| person.get(VERIFY).await).await;
}
