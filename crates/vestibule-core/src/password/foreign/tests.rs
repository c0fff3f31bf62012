//! Hashes that the systems themselves made: werkzeug 3.1.9, Django 5.2, passlib 1.7.4 and bcrypt 4.0.1, with
//! low costs where the default ones say nothing more.

use proptest::prelude::*;

use crate::password::{
    BcryptInput, HashError, HashScheme, Password, PasswordHash, PasswordHasher, Pbkdf2Function,
    Verified,
};

const PASSWORD: &str = "tangerine anvil rocket";
/// Composed, as it is set here.
const COMPOSED: &str = "Grüße 漢字 tangerine";
/// An accent of its own and a space that does not break: here it is set as `café tangerine`.
const DECOMPOSED: &str = "cafe\u{301}\u{a0}tangerine";

/// How each was made, with which password, and what came out.
const MADE: &[(&str, &str, &str)] = &[
    (
        "werkzeug scrypt",
        PASSWORD,
        "scrypt:2048:8:1$Q6GP3oCoci9NTcMA$f7e44abe6e0ebb93e583afed12ed8a5d8be7a16ed62b087ee427046b8132d8552345ee2a7f3dcaea9b03f241a4987b29eb9a8e50cd3b04b818008a319cc4980a",
    ),
    (
        "werkzeug scrypt",
        COMPOSED,
        "scrypt:2048:8:1$OxODH8WLFPrn6Fo3$e60e23ac19df85cd0c0c92ce328a8eee55c835806c8bff99157f3bc4bd9970aa60c0c7c80e817f68221b000904822d4007a3f457d985f2763b28531c1bad76a4",
    ),
    (
        "werkzeug scrypt",
        DECOMPOSED,
        "scrypt:2048:8:1$p0DwKbjQCBdINgdu$f048a009deddffb0091d96aa8eb9bbbdc289cd85ca38adbf4db86111c3a6aa26632e6b414b9498cdd9dff0f620950649f01c651a2b6e6dd349789f316c6380ee",
    ),
    (
        "werkzeug scrypt, r=4, p=3",
        PASSWORD,
        "scrypt:1024:4:3$QDWMw3Vx7KxJzc0C$15d5b3d4af0787857d60b54ef1aee884e004ee330a3279b8ddc0ee4a475a09f73e211c097e57c044ba2df810b8ed665cbd6568b108b3e707340a92592ef39d9c",
    ),
    (
        "werkzeug scrypt by default",
        PASSWORD,
        "scrypt:32768:8:1$rHK7mdlzCY3kiCme$6d1a20a8787157c1386b113f24d8330cf4fa127129379ce853384ab44f9203cdd0d7c288a612ab5bdf29548af21ae7988e213346b9464420b07ad73f31e034d0",
    ),
    (
        "werkzeug pbkdf2",
        PASSWORD,
        "pbkdf2:sha256:1000$lGsLKibzPW4b5tq4$f5cd14307b59a5729c654f6d92ff8ecebf6edd75a875fdc5e46765c8439a4f7f",
    ),
    (
        "werkzeug pbkdf2",
        COMPOSED,
        "pbkdf2:sha256:1000$QS8TNEZFngS2xwcD$c206dece591d694f9a8fed05fe9a507e9ad74c33de05c0b6cd82713b213198ae",
    ),
    (
        "werkzeug pbkdf2",
        DECOMPOSED,
        "pbkdf2:sha256:1000$ZODc8a6h0Mte2OE7$a230eae15c1ccb60f729f442ead4a3161c4535414f2f58ee791bcc0306a37b78",
    ),
    (
        "werkzeug pbkdf2 by default",
        PASSWORD,
        "pbkdf2:sha256:1000000$egTyVZJaZDG0V9pf$21d351ef5083129a69f4b3999366383460aeb5916ac3ed2b1cbf3d56a20357e4",
    ),
    (
        "werkzeug pbkdf2 of sha1",
        PASSWORD,
        "pbkdf2:sha1:1000$jEIws276VaZdoIQJ$b17b37a13ec7d48a6b98af92e7870968d205e5b5",
    ),
    (
        "werkzeug pbkdf2 of sha384",
        PASSWORD,
        "pbkdf2:sha384:1000$JAIRuaphlrgbH3dR$4b5854939c27e1fb906a27635c328b16f42ede22a7c2b7a773d09e494fc46e726b25a5c2925709bc7d487276373a5844",
    ),
    (
        "werkzeug pbkdf2 of sha512",
        PASSWORD,
        "pbkdf2:sha512:1000$lxotPfjTXtsmVrw2$08f2939f46fb2c339775d310b4fa959f39bdebe5816543ece8a5f9b43d14aec6e4f2dbfb5b18a6fdb44a660b7bd8a1ee32dd74e1bac583fe8d57c7e213d62df5",
    ),
    (
        "passlib pbkdf2_sha1",
        PASSWORD,
        "$pbkdf2$1000$ZoxxLuU857xXytk75zznHA$rn9xQ9QOsJfdQhVI19z1r8QxNSw",
    ),
    (
        "passlib pbkdf2_sha256 by default",
        PASSWORD,
        "$pbkdf2-sha256$29000$SQkhhJCydg6hVIpRKsU45w$wd7LkddLLi.ukLxwO0wXKTuQUCmKTpXN0D/M63oXctg",
    ),
    (
        "passlib pbkdf2_sha512 by default",
        PASSWORD,
        "$pbkdf2-sha512$25000$UkpJKcUYo1TqfQ.B8N4bgw$VL07Z.MIiWZTkAoxt6IeCBASVUFB2MWN3bMXNztN1wPIqzvQ8HeZmkIH5xYD..wkAqeIpbo3HhwIzkMP2HZBfw",
    ),
    (
        "passlib pbkdf2_sha512",
        COMPOSED,
        "$pbkdf2-sha512$1000$bS3l3LtXinHuXWsNwXjvnQ$Lj5Zqat0VYjB/Q6P//9kvl7r8r.7nyCGrChCMOhcCKF2GUL5kw0mXBpoSlFApsvhzXuF9bsblkAPwVwWsjKWOQ",
    ),
    (
        "passlib pbkdf2_sha512",
        DECOMPOSED,
        "$pbkdf2-sha512$1000$QyiFEGKMkRLifG9NCSFkzA$YaucMhrwl0KYR1Bja5hdUKDrahXn7a2BVsYuJqEwrhvl82NJAC4ptVzUA4S7xw0wJHdyelFmZNqYQAPfNNQ4Fw",
    ),
    (
        "passlib scrypt",
        PASSWORD,
        "$scrypt$ln=11,r=8,p=1$Rghh7B0D4FxLydmbU6pVqg$EqhFE9egfEfPtcRdSOx1OkT3E+lRabcIYt9CNyTCd+4",
    ),
    ("passlib bcrypt", PASSWORD, "$2b$04$1UKNPaIGP5QzCU2sapsiOOLXSapQdBDCjoMuj9fHtpQP7m4RfyyvG"),
    ("passlib bcrypt 2a", PASSWORD, "$2a$04$VLkHJ26soKJdxFm3qit8/umjKDvE0RbiYi/FWeqkhmCWC26URTGKW"),
    ("passlib bcrypt 2y", PASSWORD, "$2y$04$xn9kgTPAiCkeVbs2MjSlSuy2gtCLpkn7X86NPvClEEENXo/PO1Nmq"),
    (
        "passlib bcrypt by default",
        PASSWORD,
        "$2b$12$5tdXpSuvqU0R4cuPAvJVEe1gHNT2md114dAbQ.XSHB7BiY7f6hZ..",
    ),
    (
        "passlib bcrypt_sha256 1",
        PASSWORD,
        "$bcrypt-sha256$2b,4$4XRBaprOxB3JgIUubHgC1.$ikLh.zL9uMUI8L5gIcxu25kqz7V2DRC",
    ),
    (
        "passlib bcrypt_sha256 2",
        PASSWORD,
        "$bcrypt-sha256$v=2,t=2b,r=4$VTRy9UjETa5l/2Ru8aI8Mu$tdV.5hJjxkPx16uKAvKvyVdjk0pWGca",
    ),
    (
        "passlib bcrypt_sha256 2",
        COMPOSED,
        "$bcrypt-sha256$v=2,t=2b,r=4$PXoz965MT8KxSKkAkMvL5O$e0rA63zj/7KdkoqwxHdJtHzDcqlDFc.",
    ),
    (
        "passlib bcrypt_sha256 2",
        DECOMPOSED,
        "$bcrypt-sha256$v=2,t=2b,r=4$mHYbeK1gLo6etNLptUelc.$LpKrZFplYNAAWDhFIPNRrXS0F3MG2/i",
    ),
    (
        "passlib argon2",
        PASSWORD,
        "$argon2id$v=19$m=256,t=2,p=2$fq/1HoPQWss5h1CqFWKs9Q$R+UBF+DMwtm4iZ2EToqm+4VpQvTuf+8D2PV3Wx9Wpso",
    ),
    (
        "passlib argon2 of type I",
        PASSWORD,
        "$argon2i$v=19$m=256,t=2,p=2$xfg/x9jbO4ewVqrVmrP23g$ST9UN3FF1wcPPV8vUGHL9iM8CYAOan6TMn8zFvTqHMQ",
    ),
    (
        "Django pbkdf2_sha256",
        PASSWORD,
        "pbkdf2_sha256$1000$KQ9EWOyF57pFZ6NLbEM9gb$EBEZI1FtAYCWcZSzaBBWW3xhzAZY+H3ELZldUdXGpU8=",
    ),
    (
        "Django pbkdf2_sha256",
        COMPOSED,
        "pbkdf2_sha256$1000$PQf0Msr1NkpOfUOoGuarl9$Qprtn9pVfwJbpUTcTzg79rd6HXKhtWH30p7qxS/DtUw=",
    ),
    (
        "Django pbkdf2_sha256",
        DECOMPOSED,
        "pbkdf2_sha256$1000$JSGuzdOUoQbq5gifoY1Mf9$MyfwJMH/VmdLL2/XtUH42zGqfiiza9RARjZ9Yru4ZHk=",
    ),
    (
        "Django pbkdf2_sha256 by default",
        PASSWORD,
        "pbkdf2_sha256$1000000$ws8Q928sv8OfI1DTNUQbYp$cju4QW6rqtZp3jKAKhfy/xxGMaFN94X//DbJ5SmalVU=",
    ),
    (
        "passlib django_pbkdf2_sha256",
        PASSWORD,
        "pbkdf2_sha256$1000$UqFYpyoS0mBq$EHW3JQFUxJCJLXnGTbvlBaxqIPx8q2rcRI55qbdOznc=",
    ),
    (
        "Django pbkdf2_sha1",
        PASSWORD,
        "pbkdf2_sha1$1000$b8irrI8bGmOiIvtLxtFIcg$1gy0SRnwCkST39EQH7GCLwbf48A=",
    ),
    (
        "Django scrypt",
        PASSWORD,
        "scrypt$1024$rudXsCyJZ1O4uLrCTnb3Wl$8$5$Ut+njCQ2WQaFleYMholMYJrCgy/MBaXzcSbkTq405U7qtLd5Cpd+zg/mu61L0m+5KXvWAch9ZxK5Tnbykb+3og==",
    ),
    (
        "Django bcrypt_sha256",
        PASSWORD,
        "bcrypt_sha256$$2b$04$OE0205pGdCVAqsCWD3T0.Of.5jC/Iu2XGeeUHGJprUIpo1p7zfguG",
    ),
    (
        "Django bcrypt",
        PASSWORD,
        "bcrypt$$2b$04$lXHSKcYURtiAKAPvA12BEeuKIl50gWO/QhIvuo0c1TzXzZTfrD.Ba",
    ),
    (
        "Django argon2",
        PASSWORD,
        "argon2$argon2id$v=19$m=512,t=2,p=8$QmI1b3FXTURXeXpMMmhZY2hzSHZ0ZA$e2+7q81uqJxsXJl8WpcZ8yIOyGf/P4/RT0xcNjlUplQ",
    ),
    ("bcrypt", PASSWORD, "$2b$04$bNUgdsPnaKCxyJ2pF.pXoOTGLs40dECyheh3wWjypTNUm7XFbQRHO"),
    ("bcrypt", COMPOSED, "$2b$04$k.GyCfhPBTPQt6EHd65lsODEkF9MPOOq8v0g7y9UulEJ0NzZi8OCm"),
    ("bcrypt", DECOMPOSED, "$2b$04$adjtXPYBMXSwpbRcaIGY2OCcJj1l1O1jSdF11iVKaO5sviHTpU8n2"),
];

fn hasher() -> PasswordHasher {
    PasswordHasher::new("m=64,t=1,p=1".parse().unwrap())
}

fn verify(typed: &str, stored: &str) -> Verified {
    let stored = PasswordHash::parse(stored).unwrap();
    hasher().accepts(&stored).unwrap();
    hasher().verify(&Password::for_comparison(typed), &stored).unwrap()
}

#[test]
fn what_the_systems_made_verifies_and_is_outdated() {
    for (system, password, hash) in MADE {
        assert_eq!(verify(password, hash), Verified::Match { outdated: true }, "{system}: {hash}");
    }
}

#[test]
fn another_password_salt_or_digest_does_not_verify() {
    for (system, password, hash) in MADE.iter().filter(|(system, ..)| !system.ends_with("default"))
    {
        for other in [&password[1..], &format!("{password} "), &password.to_uppercase()] {
            assert_eq!(verify(other, hash), Verified::Mismatch, "{system}: {other}");
        }
        // A sign in the middle of the digest is another one.
        let place = hash.len() - 10;
        let other = if &hash[place..=place] == "a" { "b" } else { "a" };
        let bent = format!("{}{other}{}", &hash[..place], &hash[place + 1..]);
        assert_eq!(verify(password, &bent), Verified::Mismatch, "{system}: {bent}");
    }
}

#[test]
fn what_was_typed_is_tried_as_it_is_set_and_as_it_is() {
    let composed = "café tangerine";
    for (system, password, hash) in MADE.iter().filter(|(_, password, _)| *password == DECOMPOSED) {
        assert_eq!(verify(composed, hash), Verified::Mismatch, "{system} hashed other bytes");
        let mut hasher = hasher();
        let typed = Password::for_comparison(password);
        let upgraded = hasher.hash(&typed, [7; 16]).unwrap();
        for typed in [password, composed] {
            let typed = Password::for_comparison(typed);
            let verified = hasher.verify(&typed, &upgraded).unwrap();
            assert_eq!(verified, Verified::Match { outdated: false }, "{system}");
        }
    }
}

/// There is no such password here, and whoever had one keeps it.
#[test]
fn a_password_that_cannot_be_set_signs_in_and_is_not_upgraded() {
    for hash in [
        "pbkdf2:sha256:1000$JR6LOTMR40gTw1wl$02ee89b227c1de966359338129467ac2909791a9a5edd478c31a7bc2a0c46b4a",
        "$2b$04$XM.jfKtwQzBcZDjvjeCtX.VTbYh6T55YCidZ0iX41HM5e8adJMfDO",
    ] {
        assert_eq!(verify("tab\tkey", hash), Verified::Match { outdated: false });
        assert_eq!(verify("tab key", hash), Verified::Mismatch);
    }
    let of_nothing = "pbkdf2:sha256:1000$VNDxKhSYOW4BEbxg$82a71bb23c6453687f6b42867c45589ec990476db5410c4efee0731e9e608255";
    assert_eq!(verify("", of_nothing), Verified::Mismatch, "nothing is no password");
}

#[test]
fn bcrypt_takes_72_bytes_and_no_nul() {
    let typed = |length: usize| "0123456789".repeat(11)[..length].to_owned();
    for (length, hash) in [
        (71, "$2b$04$RaGt68/ARcW5OJ2gAN9VEe6d04lwRrEXBMDU3LHIZg4ieXNj5B5g2"),
        (72, "$2b$04$87MowlG2csOBDWS8.HB.sOeioEqgesUM.JN2Zsi4zJj70o4d3XRcO"),
        (73, "$2b$04$HHV4439krMI6QyFRHdc4Me3bCtqeZRW2lvuf24.LBmpze2SHEcSOK"),
        (100, "$2b$04$Wr1igfmnusnLs7ilgd62xuyFveHwdXw8XzadguhJgqWXsuvGIBSDi"),
    ] {
        for tried in [70, 71, 72, 73, 100] {
            let fits = tried == length || (tried >= 72 && length >= 72);
            let expected =
                if fits { Verified::Match { outdated: true } } else { Verified::Mismatch };
            assert_eq!(verify(&typed(tried), hash), expected, "{tried} of {length}");
        }
    }
    for hash in [
        "bcrypt_sha256$$2b$04$NkRcyGImOg1KKFzEI83VK.ptVg4KtiWiJ918YsmQWdgppR7eDaGkq",
        "$bcrypt-sha256$v=2,t=2b,r=4$xrPPelCTt9bR9Pw.jrjRg.$zaHDIYJ2LZgkbbTLjZq6YjNTu5Yf9Qq",
    ] {
        assert_eq!(verify(&typed(100), hash), Verified::Match { outdated: true });
        assert_eq!(verify(&typed(99), hash), Verified::Mismatch, "each byte counts");
    }
    // What bcrypt 4.0.1 made of `a\0b`.
    let with_nul = "$2b$04$DkksY9QIQPbPL6N8ga/GpeeBhADCGIRLmzOyAcivO1CRtUXPyks.i";
    assert_eq!(verify("a\0b", with_nul), Verified::Mismatch);
}

#[test]
fn a_hash_says_by_which_scheme_it_was_made() {
    let scheme = |text: &str| PasswordHash::parse(text).unwrap().scheme().unwrap();
    assert_eq!(scheme(MADE[0].2), HashScheme::Scrypt { n: 2048, r: 8, p: 1 });
    let function = Pbkdf2Function::Sha256;
    assert_eq!(scheme(MADE[5].2), HashScheme::Pbkdf2 { function, iterations: 1000 });
    let prepared = BcryptInput::Password;
    let cost = |cost| HashScheme::Bcrypt { cost, prepared };
    assert_eq!(scheme("$2b$12$5tdXpSuvqU0R4cuPAvJVEe1gHNT2md114dAbQ.XSHB7BiY7f6hZ.."), cost(12));
    assert_eq!(cost(12).to_string(), "bcrypt");
}

#[test]
fn what_costs_too_much_is_refused_and_never_verifies() {
    let hex = "0".repeat(64);
    let b64 = "A".repeat(43);
    let b2b = "k.GyCfhPBTPQt6EHd65lsODEkF9MPOOq8v0g7y9UulEJ0NzZi8OCm";
    for (text, value, bound) in [
        (format!("scrypt:262144:8:1$salt${hex}"), None, 0),
        (format!("scrypt:524288:8:1$salt${hex}"), Some(524_288), 262_144),
        (format!("scrypt:2:65536:33$salt${hex}"), Some(540_672), 524_288),
        (format!("$scrypt$ln=31,r=8,p=1$c2FsdHNhbHQ${b64}"), Some(2_147_483_648), 262_144),
        (format!("scrypt:16384:8:33$salt${hex}"), Some(540_672), 524_288),
        (format!("pbkdf2:sha256:3000000$salt${hex}"), None, 0),
        (format!("pbkdf2:sha256:3000001$salt${hex}"), Some(3_000_001), 3_000_000),
        (format!("pbkdf2_sha256$4294967295$salt${b64}="), Some(4_294_967_295), 3_000_000),
        (format!("$2b$14${b2b}"), None, 0),
        (format!("$2b$15${b2b}"), Some(15), 14),
        (format!("bcrypt_sha256$$2b$31${b2b}"), Some(31), 14),
        (format!("$argon2i$v=19$m=262144,t=4,p=1$c2FsdHNhbHQ${b64}"), None, 0),
        (format!("$argon2i$v=19$m=262145,t=1,p=1$c2FsdHNhbHQ${b64}"), Some(262_145), 262_144),
        (format!("$argon2id$v=19$m=262144,t=5,p=1$c2FsdHNhbHQ${b64}"), Some(1_310_720), 1_048_576),
    ] {
        let hash = PasswordHash::parse(&text).unwrap();
        let accepted = hasher().accepts(&hash);
        let Some(value) = value else {
            assert_eq!(accepted, Ok(()), "{text}");
            continue;
        };
        let reason = accepted.unwrap_err();
        let HashError::TooCostly { value: was, bound: is, .. } = &reason else {
            panic!("{text}: {reason}");
        };
        assert_eq!((*was, *is), (value, bound), "{text}");
        let said = reason.to_string();
        assert!(said.contains(&value.to_string()) && said.contains(&bound.to_string()), "{said}");
        let verified = hasher().verify(&Password::for_comparison(PASSWORD), &hash).unwrap();
        assert_eq!(verified, Verified::Unusable { reason }, "{text}");
    }
}

#[test]
fn what_the_systems_would_not_write_is_no_hash() {
    let hex = "0".repeat(64);
    let (b64, b2b) = ("A".repeat(43), "k.GyCfhPBTPQt6EHd65lsODEkF9MPOOq8v0g7y9UulEJ0NzZi8OCm");
    for text in [
        format!("scrypt:2048:8$salt${hex}"),
        format!("scrypt:2048:8:1:1$salt${hex}"),
        format!("scrypt:2047:8:1$salt${hex}"),
        format!("scrypt:0:8:1$salt${hex}"),
        format!("scrypt:1:8:1$salt${hex}"),
        format!("scrypt:2048:0:1$salt${hex}"),
        format!("scrypt:2048:8:0$salt${hex}"),
        format!("scrypt:2048:4294967295:1$salt${hex}"),
        format!("scrypt:2048:8:4294967295$salt${hex}"),
        format!("scrypt:+2048:8:1$salt${hex}"),
        format!("scrypt:02048:8:1$salt${hex}"),
        format!("scrypt:2048:8:1$salt${}", &hex[..30]),
        format!("scrypt:2048:8:1$salt${hex}{hex}00"),
        format!("scrypt:2048:8:1$$${hex}"),
        format!("scrypt:2048:8:1$${hex}"),
        format!("scrypt:2048:8:1${}${hex}", "s".repeat(129)),
        format!("$scrypt$ln=32,r=8,p=1$c2FsdHNhbHQ${b64}"),
        // How often is not said: it was werkzeug's default of that day.
        format!("pbkdf2:sha256$salt${hex}"),
        format!("pbkdf2:md5:1000$salt${}", &hex[..32]),
        format!("pbkdf2:sha256:0$salt${hex}"),
        format!("pbkdf2:sha256:1000$salt${}", &hex[..62]),
        format!("pbkdf2:sha256:1000$salt${}", &hex[..63]),
        format!("pbkdf2:sha256:1000$salt${}G0", &hex[..62]),
        format!("pbkdf2:sha256:4294967296$salt${hex}"),
        format!("pbkdf2_sha256$1000$salt${b64}=$"),
        format!("pbkdf2_sha512$1000$salt${b64}="),
        format!("$pbkdf2-sha256$1000$c2FsdA${b64}="),
        format!("$pbkdf2-sha256$1000$c2Fs+A${b64}"),
        format!("$2x$12${b2b}"),
        format!("$2$12${b2b}"),
        format!("$2b$4${b2b}"),
        format!("$2b$03${b2b}"),
        format!("$2b$32${b2b}"),
        format!("$2b$12${b2b}."),
        format!("$2b$12${}", &b2b[1..]),
        format!("$2b$12$é{}", &b2b[2..]),
        format!("$2b$12$!{}", &b2b[1..]),
        format!("bcrypt$2b$12${b2b}"),
        format!("bcrypt_sha256$2b$12${b2b}"),
        format!("$bcrypt-sha256$v=3,t=2b,r=4${}${}", &b2b[..22], &b2b[22..]),
        format!("$bcrypt-sha256$v=2,t=2x,r=4${}${}", &b2b[..22], &b2b[22..]),
        format!("argon2$argon2d$v=19$m=512,t=2,p=8$c2FsdHNhbHQ${b64}"),
        "md5$salt$5f4dcc3b5aa765d61d8327deb882cf99".to_owned(),
        format!("sha256$salt${hex}"),
        "5f4dcc3b5aa765d61d8327deb882cf99".to_owned(),
        "plain text".to_owned(),
        "!J5y7ITuOiAddleTiXNOW7YS81a4OPlialRJOMsKB".to_owned(),
        "$6$salt$digest".to_owned(),
        "é".to_owned(),
        "$".to_owned(),
        "scrypt".to_owned(),
        "scrypt:".to_owned(),
    ] {
        assert!(PasswordHash::parse(&text).is_err(), "{text}");
        let stored = PasswordHash::from_store(&text);
        let verified = hasher().verify(&Password::for_comparison(&text), &stored).unwrap();
        assert!(matches!(verified, Verified::Unusable { .. }), "{text}");
    }
}

#[test]
fn the_reason_names_the_kind_and_nothing_secret() {
    for (text, kind) in [
        ("sha256$salt$00112233", "“sha256”"),
        ("$6$salt$digest", "“6”"),
        ("$2b$12$nonsense", "“2b”"),
        ("5f4dcc3b5aa765d61d8327deb882cf99", "“unknown”"),
        ("tangerine:anvil", "“unknown”"),
    ] {
        let reason = PasswordHash::parse(text).unwrap_err().to_string();
        assert!(reason.contains(kind) && !reason.contains("salt"), "{reason}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// Whatever stands in a store: it is read or not, and never is anything computed beyond the bounds.
    #[test]
    fn any_text_is_read_or_refused(text in "(scrypt:|pbkdf2:sha1:|\\$2b\\$|\\$scrypt\\$ln=|pbkdf2_sha1\\$|argon2\\$|bcrypt\\$\\$2b\\$)[0-9:$,=rpa-f]{0,80}\\PC{0,9}") {
        let stored = PasswordHash::from_store(&text);
        let is_accepted = hasher().accepts(&stored).is_ok();
        prop_assert!(!is_accepted || PasswordHash::parse(&text).is_ok());
    }
}
