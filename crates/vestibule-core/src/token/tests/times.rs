//! When a token is good.

use super::*;

#[test]
fn an_access_token_is_good_from_its_making_to_its_end_give_or_take_the_leeway() {
    let issuer = issuer();
    let claims = issuer.read_access(&ring(), &mint(AccessExtras::default()), NOW).unwrap();
    let (made, ends) = (1_700_000_000, 1_700_000_900);
    for (moment, outcome) in [
        (made * 1_000 - LEEWAY * 1_000 - 1, Err(Untimely::NotYet)),
        (made * 1_000 - LEEWAY * 1_000, Ok(())),
        (NOW.millis(), Ok(())),
        (ends * 1_000, Ok(())),
        (ends * 1_000 + LEEWAY * 1_000 - 1, Ok(())),
        (ends * 1_000 + LEEWAY * 1_000, Err(Untimely::Expired)),
        (ends * 1_000 + LEEWAY * 1_000 + 1_000, Err(Untimely::Expired)),
        (i64::MAX, Err(Untimely::Expired)),
        (i64::MIN, Err(Untimely::NotYet)),
        (0, Err(Untimely::NotYet)),
    ] {
        assert_eq!(issuer.check_time(&claims, Timestamp::from_millis(moment)), outcome, "{moment}");
    }
    let strict = TokenIssuer::new(&secret(), ISSUER, AUDIENCE, &strictly());
    assert_eq!(strict.check_time(&claims, Timestamp::from_millis(ends * 1_000 - 1)), Ok(()));
    assert_eq!(strict.check_time(&claims, Timestamp::from_seconds(ends)), Err(Untimely::Expired));
    assert_eq!(
        strict.check_time(&claims, Timestamp::from_millis(made * 1_000 - 1)),
        Err(Untimely::NotYet)
    );
}

#[test]
fn each_of_the_three_times_is_looked_at() {
    let issuer = issuer();
    let check = |name: &str, value: i64| {
        issuer.check_time(&read_payload(&with_claim(name, &value.to_string())).unwrap(), NOW)
    };
    let now = NOW.seconds();
    for name in ["iat", "nbf"] {
        assert_eq!(check(name, now + LEEWAY), Ok(()), "{name}");
        // The moment is 0.999 s into its second, and the leeway ends with that second.
        assert_eq!(check(name, now + LEEWAY + 1), Err(Untimely::NotYet), "{name}");
        assert_eq!(check(name, 4_102_444_800), Err(Untimely::NotYet), "{name} in the year 2100");
    }
    assert_eq!(check("nbf", 0), Ok(()));
    assert_eq!(check("iat", 0), Err(Untimely::Expired), "older than any token of today");
    assert_eq!(check("exp", now - LEEWAY + 1), Ok(()));
    assert_eq!(check("exp", now - LEEWAY), Err(Untimely::Expired));
    assert_eq!(check("exp", now - LEEWAY - 1), Err(Untimely::Expired));
    assert_eq!(check("exp", 0), Err(Untimely::Expired));
}

#[test]
fn no_access_token_outlives_its_session() {
    let mut session = session();
    session.ends_at = NOW + Duration::from_secs(60);
    let token = issuer()
        .access(
            &ring(),
            &session,
            &user(),
            AccessExtras::default(),
            &Lifetimes::default(),
            &Ones,
            NOW,
        )
        .unwrap();
    assert_eq!(taken_apart(token.token.expose()).1["exp"], json!(1_700_000_060));
}

/// What was made under longer lifetimes ends with those of today: nobody remembers for longer what was revoked.
/// What was made under shorter ones ends when it says.
#[test]
fn no_access_token_is_good_for_longer_than_one_of_today() {
    let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
    let lifetimes = |access, fresh| Lifetimes { access, fresh, ..Lifetimes::default() };
    let issuer = |lifetimes| TokenIssuer::new(&secret(), ISSUER, AUDIENCE, &lifetimes);
    let made = |lifetimes: Lifetimes| {
        let fresh = Freshness::proven(session().auth_time, lifetimes.fresh);
        let extras = AccessExtras { fresh, ..AccessExtras::default() };
        issuer(lifetimes)
            .access(&ring(), &session(), &user(), extras, &lifetimes, &Ones, NOW)
            .unwrap()
    };
    let (long, short) = (lifetimes(minutes(60), minutes(40)), lifetimes(minutes(2), minutes(1)));
    for (made_under, read_under, life, fresh) in
        [(long, short, 2, 1), (short, long, 2, 1), (long, long, 60, 40)]
    {
        let read = issuer(read_under);
        let claims = read.read_access(&ring(), made(made_under).token.expose(), NOW).unwrap();
        let until = |minutes: i64| Timestamp::from_seconds(NOW.seconds() + minutes * 60);
        assert_eq!(claims.expires_at, until(life));
        assert_eq!(claims.fresh, Freshness::Until(until(fresh)));
        let last = until(life) + read_under.leeway;
        assert_eq!(read.check_time(&claims, last - Duration::from_millis(1)), Ok(()));
        assert_eq!(read.check_time(&claims, last), Err(Untimely::Expired));
        // It is remembered for at least as long that its session was ended.
        assert!(last <= NOW + read_under.access_memory());
    }
}
