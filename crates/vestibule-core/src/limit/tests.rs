use super::*;

const RATE: Rate = Rate { count: 3, window: Duration::from_secs(60) };

fn at(seconds: u64) -> Duration {
    Duration::from_secs(1000 + seconds)
}

fn limited(seconds: u64) -> Limited {
    Limited { retry_after: Duration::from_secs(seconds), by_in_flight: false }
}

fn fail(
    window: &mut SlidingWindow<&'static str>,
    key: &'static str,
    now: Duration,
) -> Result<(), Limited> {
    window.begin(&key, now)?;
    window.settle(&key, Outcome::Failed, now);
    Ok(())
}

#[test]
fn the_rate_is_answered_and_the_next_is_refused_until_the_window_moves_on() {
    let mut window = SlidingWindow::new(RATE, 10);
    for second in [0, 10, 20] {
        fail(&mut window, "a", at(second)).unwrap();
    }
    assert_eq!(window.begin(&"a", at(30)), Err(limited(30)));
    assert_eq!(window.begin(&"b", at(30)), Ok(()));
    assert_eq!(fail(&mut window, "a", at(60)), Ok(()));
    assert_eq!(window.begin(&"a", at(61)), Err(limited(9)));
}

#[test]
fn tries_in_flight_count_until_they_are_settled() {
    let mut window = SlidingWindow::new(RATE, 10);
    for _ in 0..3 {
        window.begin(&"a", at(0)).unwrap();
    }
    assert_eq!(window.begin(&"a", at(0)), Err(Limited { by_in_flight: true, ..limited(1) }));
    window.settle(&"a", Outcome::Passed, at(1));
    assert_eq!(window.begin(&"a", at(1)), Ok(()));
}

#[test]
fn passed_tries_leave_nothing_behind() {
    let mut window = SlidingWindow::new(RATE, 10);
    for second in 0..100 {
        window.begin(&"a", at(second)).unwrap();
        window.settle(&"a", Outcome::Passed, at(second));
    }
    assert!(window.is_empty());
}

#[test]
fn memory_is_bounded_and_the_newest_failures_stay() {
    let mut window =
        SlidingWindow::new(Rate { count: 1, window: Duration::from_secs(1_000_000) }, 100);
    for key in 0..1000u64 {
        window.begin(&key, at(key)).unwrap();
        window.settle(&key, Outcome::Failed, at(key));
        assert!(window.len() <= 100);
    }
    assert!(window.begin(&999, at(1000)).is_err());
}

#[test]
fn alone_a_node_allows_half_and_never_more_than_all_of_them_together() {
    for (together, alone) in [(10, 5), (3, 1), (2, 1), (1, 1), (0, 0)] {
        let rate = Rate { count: together, ..RATE };
        assert_eq!(rate.alone(), Rate { count: alone, ..RATE });
    }
}

#[test]
fn a_stricter_count_takes_in_what_failed_before_and_waits_for_all_that_is_too_much() {
    let mut window = SlidingWindow::new(RATE, 10);
    for second in [0, 10, 20] {
        fail(&mut window, "a", at(second)).unwrap();
    }
    assert_eq!(window.begin_within(1, &"a", at(30)), Err(limited(50)));
    assert_eq!(window.begin_within(2, &"a", at(30)), Err(limited(40)));
    assert_eq!(window.begin_within(4, &"a", at(30)), Ok(()));
    let by_in_flight = Limited { by_in_flight: true, ..limited(1) };
    assert_eq!(window.begin_within(4, &"a", at(30)), Err(by_in_flight));
    assert_eq!(window.begin_within(1, &"b", at(30)), Ok(()));
}
