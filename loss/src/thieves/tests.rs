use super::*;

#[tokio::test]
async fn every_thief_is_caught_when_and_where_it_is_promised() {
    for (drill, expected) in all() {
        let found = drill.run().await.unwrap();
        assert_eq!(found.caught_by, expected, "{drill:?}: {found:?}");
        match (drill.thief, drill.victim) {
            // The victim comes every five minutes and needs new tokens after fifteen, which are good for
            // another five seconds.
            (Thief::Once { after, uses: true }, Victim::Busy) if expected == Some(Who::Victim) => {
                let end = 20 * MINUTE;
                assert_eq!((found.victims, found.thiefs), (1, 1), "{drill:?}");
                assert_eq!(found.after_copy, end, "{drill:?}");
                assert_eq!(found.after_first_use, end - after, "{drill:?}");
            }
            (Thief::Once { .. }, Victim::Away(away)) => assert_eq!(found.after_copy, away),
            _ if expected == Some(Who::Thief) => {
                assert_eq!((found.thiefs, found.after_first_use), (1, Duration::ZERO));
            }
            _ => assert_eq!(found.after_copy, 30 * HOUR),
        }
    }
}

#[test]
fn times_are_told_as_people_say_them() {
    for (seconds, text) in
        [(0, "at once"), (5, "5 s"), (1200, "20 min"), (3605, "1 h 5 s"), (86_400, "24 h")]
    {
        assert_eq!(told(Duration::from_secs(seconds)), text);
    }
}
