//! Small enough for every run of the tests; `cargo xtask loss` goes further.

use std::{sync::Arc, time::Duration};

use crate::{
    plan::{self, Effort, Row, Times},
    report::Line,
    rival::Rule,
    run,
    target::{self, Target},
    world::World,
};

/// A row of the bounded size with fewer visitors.
fn small(index: usize) -> Row {
    let effort =
        Effort { visitors: 40, renewals: 50, visitors_of_rivals: 40, renewals_of_rivals: 50 };
    Row { effort, ..plan::quick().swap_remove(index) }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_signed_out_where_everything_goes_wrong_at_once() {
    let row = small(1);
    let program = target::program().unwrap();
    let line: Line = run::run(&row, Times::QUICK, &program, &Arc::default()).await.unwrap();
    assert_eq!(line.problems(Times::QUICK), [""; 0]);
    assert_eq!(line.ours.renewals, 50);
    assert!(line.ours.crashes > 0, "{:?}", line.ours);
    let counts = line.ours.counts;
    for (what, count) in [
        ("lost", counts.requests_lost),
        ("answers lost", counts.answers_lost),
        ("cut", counts.answers_cut),
        ("doubled", counts.doubled),
        ("overtaken", counts.overtaken),
    ] {
        assert!(count > 0, "none were {what}: {counts:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_signed_out_by_a_gateway_that_drops_cookies() {
    let row = small(2);
    let program = target::program().unwrap();
    let line: Line = run::run(&row, Times::QUICK, &program, &Arc::default()).await.unwrap();
    assert_eq!(line.problems(Times::QUICK), [""; 0]);
    assert_eq!(line.ours.renewals, 50);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_visitors_are_signed_out_where_each_token_works_once() {
    let row = small(0);
    let app = Target::rival(Rule::SingleUse, Times::QUICK).await;
    let world = World::new(app, Times::QUICK, row.effort.visitors, 1).await.unwrap();
    let figures = world.run(&row, 50, &Arc::default()).await.unwrap();
    assert!(figures.signed_out > 0, "{figures:?}");
    assert!(figures.codes.contains_key("session_ended"), "{figures:?}");
    assert_eq!(figures.renewals, 50);
    assert!(figures.counts.longest < Duration::from_secs(6), "{figures:?}");
}
