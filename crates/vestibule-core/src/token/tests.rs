//! What the tokens look like, which forgeries are refused, and when they are good.

use std::time::Duration;

use std::collections::BTreeSet;

use serde_json::json;

use super::*;
use crate::{
    csrf::CsrfKey,
    name::RoleName,
    session::{Carrier, SignIn},
    user::{MAX_ROLES, UserStatus},
};

mod claims;
mod times;

const LEEWAY: i64 = 5;
const ISSUER: &str = "https://app.test";
const AUDIENCE: &str = "https://api.test";
/// The key of the symmetric ring that forgeries are truly signed with.
const KEY: [u8; 32] = [9; 32];
/// Not a whole second, to see it rounded.
const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_999);

struct Ones;

impl Entropy for Ones {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(1);
    }
}

#[test]
fn an_access_token_has_exactly_these_claims() {
    let csrf = CsrfKey::new(&secret()).of_session(session().id).plain();
    let extras = AccessExtras {
        fresh: Freshness::proven(NOW, Duration::from_secs(600)),
        csrf: Some(csrf.as_str().into()),
        custom: Map::new(),
    };
    let token = mint(extras);
    let (header, claims) = taken_apart(&token);
    assert_eq!(
        header,
        format!(r#"{{"alg":"HS256","kid":"{}","typ":"at+jwt"}}"#, ring().active().kid())
    );
    assert_eq!(
        claims,
        json!({
            "iss": ISSUER, "aud": AUDIENCE, "sub": "7",
            "iat": 1_700_000_000, "nbf": 1_700_000_000, "exp": 1_700_000_900,
            "jti": "AQEBAQEBAQEBAQEBAQEBAQ", "sid": "AgICAgICAgICAgICAgICAg", "gen": 1, "ver": 3,
            "type": "access", "fresh": 1_700_000_600, "auth_time": 1_700_000_000, "amr": ["pwd"],
            "roles": ["editor", "viewer"], "is_admin": false, "username": "anna", "csrf": csrf,
        })
    );
    // Whole numbers, as other libraries insist on.
    for name in ["iat", "nbf", "exp", "auth_time", "fresh", "gen", "ver"] {
        assert!(claims[name].is_u64(), "{name}");
    }
    let names: BTreeSet<_> = claims.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, BTreeSet::from(RESERVED_CLAIMS));
}

#[test]
fn a_header_session_has_no_csrf_claim_and_a_renewed_token_is_not_fresh() {
    let (_, claims) = taken_apart(&mint(AccessExtras::default()));
    assert_eq!(claims.get("csrf"), None);
    assert_eq!(claims["fresh"], json!(false));
}

#[test]
fn a_refresh_token_has_exactly_these_claims() {
    let token = issuer().refresh(&session()).unwrap().expose().to_owned();
    let (header, claims) = taken_apart(&token);
    assert_eq!(header, r#"{"alg":"HS256","kid":"refresh","typ":"rt+jwt"}"#);
    let id = claims["jti"].as_str().unwrap().to_owned();
    assert_eq!(id.len(), 22);
    assert_eq!(
        claims,
        json!({
            "iss": ISSUER, "sub": "7", "iat": 1_700_000_000, "exp": 1_702_592_000, "jti": id,
            "sid": "AgICAgICAgICAgICAgICAg", "gen": 1, "type": "refresh", "fresh": false,
        })
    );
    let read = issuer().read_refresh(&token).unwrap();
    assert_eq!((read.user_id, read.session_id, read.generation), (UserId(7), session().id, 1));
}

#[test]
fn a_refresh_token_is_the_same_for_the_same_row_and_another_for_any_other() {
    let token = |change: &dyn Fn(&mut Session)| {
        let mut session = session();
        change(&mut session);
        issuer().refresh(&session).unwrap().expose().to_owned()
    };
    let own = token(&|_| {});
    assert_eq!(own, token(&|_| {}));
    // What a step-up or a sighting writes leaves it alone, or a racer would get other bytes.
    let unchanged = token(&|session| {
        session.auth_time = session.auth_time + Duration::from_secs(60);
        session.methods.push("otp".to_owned());
        session.seen_generation = 1;
        session.last_seen_at = session.last_seen_at + Duration::from_secs(60);
        session.address = "192.0.2.9".to_owned();
    });
    assert_eq!(own, unchanged);
    let changed = [
        token(&|session| session.generation = 2),
        token(&|session| session.id = SessionId::from_bytes([3; 16])),
        token(&|session| session.user_id = UserId(8)),
        TokenIssuer::new(&SiteSecret::new([8; 32]).unwrap(), ISSUER, AUDIENCE, &strictly())
            .refresh(&session())
            .unwrap()
            .expose()
            .to_owned(),
    ];
    assert_eq!(changed.iter().chain([&own]).collect::<BTreeSet<_>>().len(), 5);
    let ids: BTreeSet<_> = changed[..2]
        .iter()
        .chain([&own])
        .map(|token| taken_apart(token).1["jti"].to_string())
        .collect();
    assert_eq!(ids.len(), 3);
}

#[test]
fn what_is_minted_is_read_again_with_the_claims_of_the_application() {
    let custom = json!({ "tenant": "north", "limits": { "maps": 3 }, "Sub": null })
        .as_object()
        .unwrap()
        .clone();
    let token = mint(AccessExtras { custom: custom.clone(), ..AccessExtras::default() });
    let claims = issuer().read_access(&ring(), &token, NOW).unwrap();
    assert_eq!(claims.custom, custom);
    assert_eq!(claims.user_id, UserId(7));
    assert_eq!(claims.session_id, session().id);
    assert_eq!(claims.roles, ["editor", "viewer"]);
}

#[test]
fn the_application_cannot_shadow_a_claim() {
    let evil: Map<_, _> =
        RESERVED_CLAIMS.iter().map(|name| ((*name).to_owned(), json!("evil"))).collect();
    let plain = mint(AccessExtras::default());
    let mixed = mint(AccessExtras { custom: evil, ..AccessExtras::default() });
    assert_eq!(taken_apart(&mixed), taken_apart(&plain));
}

#[test]
fn kinds_are_not_taken_for_one_another() {
    let (issuer, ring) = (issuer(), ring());
    let access = mint(AccessExtras::default());
    let refresh = issuer.refresh(&session()).unwrap().expose().to_owned();
    assert!(issuer.read_access(&ring, &access, NOW).is_ok());
    assert!(issuer.read_refresh(&refresh).is_ok());
    assert_eq!(issuer.read_access(&ring, &refresh, NOW).err(), Some(InvalidToken));
    assert_eq!(issuer.read_refresh(&access).err(), Some(InvalidToken));

    // Nor where the keys are right and only `typ` or only `type` is not.
    let (_, claims) = taken_apart(&access);
    for typ in [REFRESH_TYP, "JWT", "at+JWT", "AT+JWT", "application/at+jwt", "", "reset+jwt"] {
        let token = ring.active().sign(typ, &claims).unwrap();
        assert_eq!(issuer.read_access(&ring, &token, NOW).err(), Some(InvalidToken), "{typ}");
    }
    let (_, refresh_claims) = taken_apart(&refresh);
    for typ in [ACCESS_TYP, "JWT", "RT+JWT", "application/rt+jwt", ""] {
        let token = issuer.refresh_signer.sign(typ, &refresh_claims).unwrap();
        assert_eq!(issuer.read_refresh(&token).err(), Some(InvalidToken), "{typ}");
    }
    let renamed = Signer::from_mac_key("other", secret().refresh_key())
        .sign(REFRESH_TYP, &refresh_claims)
        .unwrap();
    assert_eq!(issuer.read_refresh(&renamed).err(), Some(InvalidToken));
    let disguised = ring.active().sign(ACCESS_TYP, &refresh_claims).unwrap();
    assert_eq!(issuer.read_access(&ring, &disguised, NOW).err(), Some(InvalidToken));
    let disguised = issuer.refresh_signer.sign(REFRESH_TYP, &claims).unwrap();
    assert_eq!(issuer.read_refresh(&disguised).err(), Some(InvalidToken));
    let disguised = issuer.refresh_signer.sign(ACCESS_TYP, &claims).unwrap();
    assert_eq!(issuer.read_access(&ring, &disguised, NOW).err(), Some(InvalidToken));
    assert_eq!(issuer.read_refresh(&disguised).err(), Some(InvalidToken));
}

#[test]
fn tokens_of_another_site_are_refused() {
    let token = mint(AccessExtras::default());
    let refresh = issuer().refresh(&session()).unwrap().expose().to_owned();
    let other = TokenIssuer::new(&secret(), "https://other.test", AUDIENCE, &strictly());
    assert_eq!(other.read_access(&ring(), &token, NOW).err(), Some(InvalidToken));
    assert_eq!(other.read_refresh(&refresh).err(), Some(InvalidToken));
    let other = TokenIssuer::new(&secret(), ISSUER, "https://other.test", &strictly());
    assert_eq!(other.read_access(&ring(), &token, NOW).err(), Some(InvalidToken));
    let other = TokenIssuer::new(&SiteSecret::new([8; 32]).unwrap(), ISSUER, AUDIENCE, &strictly());
    assert_eq!(other.read_refresh(&refresh).err(), Some(InvalidToken));
    let other_ring = KeyRing::symmetric(&[8; 32]);
    assert_eq!(issuer().read_access(&other_ring, &token, NOW).err(), Some(InvalidToken));
}

#[test]
fn what_does_not_fit_into_a_cookie_is_not_made() {
    let try_length = |length: usize| {
        let custom = Map::from_iter([("x".to_owned(), json!("x".repeat(length)))]);
        let extras = AccessExtras { custom, ..AccessExtras::default() };
        issuer()
            .access(&ring(), &session(), &user(), extras, &Lifetimes::default(), &Ones, NOW)
            .map(|issued| issued.token.expose().to_owned())
    };
    let longest = (2_000..3_000).map_while(|length| try_length(length).ok()).last().unwrap();
    assert!((MAX_MINTED_BYTES - 2..=MAX_MINTED_BYTES).contains(&longest.len()));
    assert!(issuer().read_access(&ring(), &longest, NOW).is_ok());
    let refused = try_length(3_000).unwrap_err();
    assert!(matches!(refused, MintError::TooLarge { bytes } if bytes > MAX_MINTED_BYTES));
    assert!(refused.to_string().contains(&MAX_MINTED_BYTES.to_string()), "{refused}");
    assert!(try_length(1_000_000).is_err());
}

#[test]
fn whoever_has_the_most_roles_and_the_longest_name_still_gets_a_token() {
    let mut user = user();
    user.id = UserId(i64::MAX);
    user.version = u64::MAX;
    user.is_super_user = true;
    // 64 characters of four bytes each.
    user.username = "𝒜".repeat(64);
    user.roles =
        (0..MAX_ROLES).map(|number| RoleName::parse(&format!("{number:0>32}")).unwrap()).collect();
    let extras = AccessExtras {
        fresh: Freshness::proven(NOW, Duration::from_secs(600)),
        csrf: Some("x".repeat(43).into()),
        ..AccessExtras::default()
    };
    let token = issuer()
        .access(&ring(), &session(), &user, extras, &Lifetimes::default(), &Ones, NOW)
        .unwrap();
    let token = token.token.expose();
    assert!(token.len() + "__Host-access=".len() < 4_096, "{}", token.len());
}

fn secret() -> SiteSecret {
    SiteSecret::new([7; 32]).unwrap()
}

fn issuer() -> TokenIssuer {
    let leeway = Duration::from_secs(LEEWAY.unsigned_abs());
    TokenIssuer::new(&secret(), ISSUER, AUDIENCE, &Lifetimes { leeway, ..Lifetimes::default() })
}

/// Without a leeway.
fn strictly() -> Lifetimes {
    Lifetimes { leeway: Duration::ZERO, ..Lifetimes::default() }
}

fn ring() -> KeyRing {
    KeyRing::symmetric(&KEY)
}

fn session() -> Session {
    let sign_in = SignIn {
        user_id: UserId(7),
        carrier: Carrier::Cookie,
        remembered: true,
        methods: vec!["pwd".to_owned()],
        address: "192.0.2.1".to_owned(),
        agent: "Test/1".to_owned(),
        device: None,
    };
    sign_in.begin(SessionId::from_bytes([2; 16]), &Lifetimes::default(), NOW)
}

fn user() -> User {
    User {
        id: UserId(7),
        username: "anna".to_owned(),
        email: "anna@example.org".to_owned(),
        email_verified_at: None,
        status: UserStatus::Active,
        is_super_user: false,
        roles: ["viewer", "editor"].map(|role| RoleName::parse(role).unwrap()).into(),
        locale: None,
        version: 3,
        created_at: NOW,
        updated_at: NOW,
        deletion: None,
    }
}

#[test]
fn an_issued_token_says_what_is_read_from_it() {
    let mut session = session();
    session.auth_time = session.auth_time + Duration::from_millis(999);
    session.ends_at = NOW + Duration::from_millis(59_999);
    for fresh in [Freshness::Stale, Freshness::proven(NOW, Duration::from_secs(300))] {
        let extras = AccessExtras { fresh, ..AccessExtras::default() };
        let lifetimes = Lifetimes::default();
        let issued =
            issuer().access(&ring(), &session, &user(), extras, &lifetimes, &Ones, NOW).unwrap();
        let read = issuer().read_access(&ring(), issued.token.expose(), NOW).unwrap();
        assert_eq!(issued.claims, read);
    }
}

fn mint(extras: AccessExtras) -> String {
    issuer()
        .access(&ring(), &session(), &user(), extras, &Lifetimes::default(), &Ones, NOW)
        .unwrap()
        .token
        .expose()
        .to_owned()
}

fn taken_apart(token: &str) -> (String, Value) {
    let mut parts = token.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).unwrap());
    let header = String::from_utf8(parts.next().unwrap()).unwrap();
    (header, serde_json::from_slice(&parts.next().unwrap()).unwrap())
}

/// The claims of a good token as JSON text, one of them replaced by this text or, for `MISSING`, left out.
fn with_claim(name: &str, value: &str) -> String {
    let (_, claims) = taken_apart(&mint(AccessExtras {
        csrf: Some("x".repeat(43).into()),
        ..AccessExtras::default()
    }));
    let kept = claims.as_object().unwrap().iter().filter(|(claim, _)| *claim != name);
    let mut members: Vec<_> = kept.map(|(claim, value)| format!("{claim:?}:{value}")).collect();
    members.extend((value != "MISSING").then(|| format!("{name:?}:{value}")));
    format!("{{{}}}", members.join(","))
}

/// What an access token with this payload is read as, signed with the true key.
fn read_payload(payload: &str) -> Result<AccessClaims, InvalidToken> {
    let ring = ring();
    let header = format!(r#"{{"alg":"HS256","kid":"{}","typ":"at+jwt"}}"#, ring.active().kid());
    let input = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &KEY), input.as_bytes());
    issuer().read_access(&ring, &format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature)), NOW)
}

#[test]
fn a_refresh_token_from_before_the_secret_was_replaced_is_still_read() {
    let with =
        |secret: &SiteSecret| TokenIssuer::new(secret, ISSUER, AUDIENCE, &Lifetimes::default());
    let new = SiteSecret::new([9; 32]).unwrap();
    let token = with(&secret()).refresh(&session()).unwrap();
    let both = with(&new.clone().with_previous(&secret()));
    assert!(both.read_refresh(token.expose()).is_ok());
    assert_eq!(with(&new).read_refresh(token.expose()).err(), Some(InvalidToken));
    let token = both.refresh(&session()).unwrap();
    assert!(
        with(&new).read_refresh(token.expose()).is_ok()
            && both.read_refresh(token.expose()).is_ok()
    );
    assert_eq!(with(&secret()).read_refresh(token.expose()).err(), Some(InvalidToken));
}
