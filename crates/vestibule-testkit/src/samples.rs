//! Users, sessions and keys to test with.
#![expect(clippy::expect_used, reason = "a sample that cannot be made is a broken test")]

use std::collections::BTreeSet;

use vestibule_core::{
    id::{SessionId, UserId},
    jws::Algorithm,
    locale::Locale,
    name::{EmailAddress, LoginKey, RoleName, UserName},
    password::PasswordHash,
    ring::{KeyState, StoredKey},
    session::{Carrier, Lifetimes, Session, SignIn},
    time::Timestamp,
    user::{NewUser, UserStatus},
};

/// When tests begin: a whole second of the year 2025, in UTC.
pub const START: Timestamp = Timestamp::from_seconds(1_750_000_000);

/// The moment `seconds` after [`START`].
#[must_use]
pub const fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(START.millis() + seconds * 1000)
}

/// An account `name` with the address `name@example.org`, a password and no roles.
///
/// # Panics
/// Where `name` cannot be a user name.
#[must_use]
pub fn new_user(name: &str) -> NewUser {
    NewUser {
        username: username(name),
        email: email(&format!("{name}@example.org")),
        email_verified_at: None,
        password_hash: Some(password_hash(1)),
        is_super_user: false,
        roles: BTreeSet::new(),
        status: UserStatus::Active,
        created_at: None,
        locale: None,
    }
}

/// A user name.
///
/// # Panics
/// Where it is none.
#[must_use]
pub fn username(typed: &str) -> UserName {
    UserName::parse(typed).expect("a user name")
}

/// An e-mail address.
///
/// # Panics
/// Where it is none.
#[must_use]
pub fn email(typed: &str) -> EmailAddress {
    EmailAddress::parse(typed).expect("an e-mail address")
}

/// Roles.
///
/// # Panics
/// Where one of the words is none.
#[must_use]
pub fn roles(words: &[&str]) -> BTreeSet<RoleName> {
    words.iter().map(|word| RoleName::parse(word).expect("a role")).collect()
}

/// A language.
///
/// # Panics
/// Where it is none.
#[must_use]
pub fn locale(name: &str) -> Locale {
    Locale::parse(name).expect("a language")
}

/// What somebody typed into the sign-in field.
#[must_use]
pub fn login(typed: &str) -> LoginKey {
    LoginKey::from_typed(typed)
}

/// A well-formed password hash that no password fits; another `number` gives another one.
///
/// # Panics
/// Never.
#[must_use]
pub fn password_hash(number: u8) -> PasswordHash {
    // The letters stand for six bits each; the last one of a digest of 32 bytes only for four.
    let letter = char::from(b'a' + number % 26);
    let digest: String = std::iter::repeat_n(letter, 42).chain(['A']).collect();
    let text = format!("$argon2id$v=19$m=19456,t=2,p=1$c2FtcGxlc2FsdHNhbHQ${digest}");
    PasswordHash::parse(&text).expect("a password hash")
}

/// The name of the session with this number.
#[must_use]
pub fn session_id(number: u64) -> SessionId {
    let mut bytes = [0x5e; 16];
    for (byte, digit) in bytes.iter_mut().zip(number.to_be_bytes()) {
        *byte = digit;
    }
    SessionId::from_bytes(bytes)
}

/// A remembered session of a browser, signed in at [`START`], under the default lifetimes.
#[must_use]
pub fn session(number: u64, user: UserId) -> Session {
    let sign_in = SignIn {
        user_id: user,
        carrier: Carrier::Cookie,
        remembered: true,
        methods: vec!["pwd".to_owned()],
        address: "192.0.2.1".to_owned(),
        agent: "Browser/1.0 (\"quoted\"; ünïcode)".to_owned(),
        device: None,
    };
    sign_in.begin(session_id(number), &Lifetimes::default(), START)
}

/// A key as a store keeps it. Its private part is not one.
#[must_use]
pub fn stored_key(kid: &str, state: KeyState) -> StoredKey {
    StoredKey {
        kid: kid.to_owned(),
        algorithm: Algorithm::ES256,
        state,
        sealed: vec![0, 1, 2, 255],
        created_at: START,
        changed_at: at(1),
    }
}
