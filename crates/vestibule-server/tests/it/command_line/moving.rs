//! `vestibule user import`: people of another system come over, and do not notice.

use std::{
    fmt::Write as _,
    fs::{self, File},
    io::Write as _,
    process::{Command, Stdio},
    time::Duration,
};

use serde_json::json;
use vestibule_testkit::{
    site::{Child, Place, Signal},
    visitors::Visitor as _,
    wait,
};

use crate::test_app::{PASSWORD, ask_store, good, place, program, run, run_json, serve};

const WITHIN: Duration = Duration::from_secs(30);

/// What the systems made of [`PASSWORD`], at what they take it to cost.
const HASHES: [(&str, &str); 9] = [
    (
        "werkzeug-scrypt",
        "scrypt:32768:8:1$rHK7mdlzCY3kiCme$6d1a20a8787157c1386b113f24d8330cf4fa127129379ce853384ab44f9203cdd0d7c288a612ab5bdf29548af21ae7988e213346b9464420b07ad73f31e034d0",
    ),
    (
        "werkzeug-pbkdf2",
        "pbkdf2:sha256:1000000$egTyVZJaZDG0V9pf$21d351ef5083129a69f4b3999366383460aeb5916ac3ed2b1cbf3d56a20357e4",
    ),
    (
        "passlib-pbkdf2",
        "$pbkdf2-sha512$25000$UkpJKcUYo1TqfQ.B8N4bgw$VL07Z.MIiWZTkAoxt6IeCBASVUFB2MWN3bMXNztN1wPIqzvQ8HeZmkIH5xYD..wkAqeIpbo3HhwIzkMP2HZBfw",
    ),
    (
        "passlib-bcrypt-sha256",
        "$bcrypt-sha256$v=2,t=2b,r=4$VTRy9UjETa5l/2Ru8aI8Mu$tdV.5hJjxkPx16uKAvKvyVdjk0pWGca",
    ),
    (
        "django-pbkdf2",
        "pbkdf2_sha256$1000000$ws8Q928sv8OfI1DTNUQbYp$cju4QW6rqtZp3jKAKhfy/xxGMaFN94X//DbJ5SmalVU=",
    ),
    (
        "django-argon2",
        "argon2$argon2id$v=19$m=102400,t=2,p=8$RDlQalZyR3VmZXZBNm9WWkRLRFhsMA$Y9d3cgwEqlV60myDZm6D/uP5QZDyx4CX8X1uFeEDWvM",
    ),
    (
        "django-bcrypt-sha256",
        "bcrypt_sha256$$2b$12$2a.Of2NMG0OCrlLnPmJWX.dP2KvR6VgYMcLsXSdlMbzwjaRBjAAnC",
    ),
    (
        "django-scrypt",
        "scrypt$16384$lyXLYhZLZdKnv0q8cl1TDz$8$5$Cbwoj9s73LFQDiLNVZ+ivl1LKjadoC7TQPWih8hsuKdi/UOuYLbskfi4q8pSwarc0YVPqS2jui129gHTP754SA==",
    ),
    ("bcrypt", "$2b$12$5tdXpSuvqU0R4cuPAvJVEe1gHNT2md114dAbQ.XSHB7BiY7f6hZ.."),
];

fn hash_of(place: &Place, name: &str) -> String {
    let question = format!("SELECT password_hash FROM users WHERE username = '{name}'");
    ask_store(place, &question).pop().unwrap()
}

#[tokio::test]
async fn whoever_comes_from_another_system_signs_in_and_gets_a_hash_of_ours() {
    let place = place();
    let mut file = "email,username,password_hash,created_at\n".to_owned();
    for (name, hash) in HASHES {
        place.secrets().add(hash);
        writeln!(file, "{name}@people.test,{name},\"{hash}\",2019-01-31 12:00:00.5+00").unwrap();
    }
    fs::write(place.path().join("users.csv"), &file).unwrap();
    let planned = run(&place, &["user", "import", "users.csv", "--dry-run"]);
    assert!(planned.contains("This import would create 9 accounts, 0 already existed, 0 refused."));
    assert_eq!(run_json(&place, &["user", "list", "--json"]), json!([]));
    let made = good(place.run(&["user", "import", "users.csv"]));
    assert_eq!(made.stdout, "Created 9 accounts, 0 already existed, 0 refused.\n");
    assert!(made.stderr.contains("bcrypt 1, bcrypt of SHA-256 2, scrypt 2"), "{made:?}");
    assert_eq!(place.secrets().find(&made.stderr), None);

    let site = serve(&place);
    for (name, hash) in HASHES {
        if name.ends_with("bcrypt-sha256") {
            let wrong = site.app().sign_in(name, "tangerine anvil").await;
            assert_eq!(wrong.code(), "invalid_credentials");
            assert_eq!(hash_of(&place, name), hash, "a wrong password replaces nothing");
        }
        let app = site.app();
        let answer = app.sign_in(name, PASSWORD).await;
        assert_eq!(answer.status, 200, "{name}: {}", answer.text());
        let ours = hash_of(&place, name);
        place.secrets().add(&ours);
        assert!(ours.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{name}");
        let me = app.get("/api/auth/me").await.json();
        assert_eq!(me["user"]["created_at"], json!(1_548_936_000), "{name}");
        assert_eq!(site.app().sign_in(name, PASSWORD).await.status, 200, "{name}: once more");
        assert_eq!(hash_of(&place, name), ours, "{name}: once is enough");
    }
}

#[test]
fn the_report_says_what_became_of_each_row() {
    let place = place();
    let file = "username,email,password_hash\n\
                ada,ada@people.test,\n\
                bob,bob@people.test,$2b$15$5tdXpSuvqU0R4cuPAvJVEe1gHNT2md114dAbQ.XSHB7BiY7f6hZ..\n\
                ada,ada@people.test,\n";
    fs::write(place.path().join("users.csv"), file).unwrap();
    let import = ["user", "import", "users.csv", "--report", "report.csv"];
    for dry_run in [&["--dry-run"][..], &[]] {
        let done = place.run(&[&import[..], dry_run].concat());
        assert_eq!(done.code(), 1, "{done:?}");
        assert!(done.stdout.contains("1 account, 1 already existed, 1 refused"), "{done:?}");
        let report = fs::read_to_string(place.path().join("report.csv")).unwrap();
        let lines: Vec<_> = report.lines().collect();
        assert_eq!(lines[..2], ["line,name,outcome,reason", "2,\"ada\",made,\"\""]);
        assert!(
            lines[2].contains("needs 15 as bcrypt's cost, more than the limit of 14"),
            "{report}"
        );
        assert_eq!(lines[3], "4,\"ada\",there,\"\"");
        fs::remove_file(place.path().join("report.csv")).unwrap();
    }
    let done = place.run(&["user", "import", "users.csv", "--report", "users.csv"]);
    assert_eq!(done.code(), 2, "{done:?}");
    assert_eq!(fs::read_to_string(place.path().join("users.csv")).unwrap(), file);
}

fn rows(from: usize, to: usize) -> String {
    let row = |number| format!("user{number},user{number}@people.test\n");
    (from..to).map(row).collect()
}

#[test]
fn an_import_that_ctrl_c_ended_goes_on() {
    let place = place();
    run(&place, &["migrate"]);
    let messages = place.path().join("messages.txt");
    let mut command: Command = place.command(&["user", "import", "/dev/stdin"]);
    assert_eq!(command.get_program(), program());
    // A pipe, so that the import is in the middle of its file for as long as the test wants it there.
    let (reader, mut writer) = std::io::pipe().unwrap();
    command.stdin(reader).stdout(Stdio::null()).stderr(File::create(&messages).unwrap());
    let mut import = Child::start(&mut command);
    drop(command);
    writer.write_all(format!("username,email\n{}", rows(0, 800)).as_bytes()).unwrap();
    let count = || ask_store(&place, "SELECT count(*) FROM users")[0].parse::<usize>().unwrap();
    assert!(wait::until(WITHIN, || (count() == 500).then_some(())).is_some(), "{}", count());
    import.signal(Signal::INT);
    // It ends between two batches, so it gets what it needs to come there.
    for first in (800..20_000).step_by(100) {
        if writer.write_all(rows(first, first + 100).as_bytes()).is_err() {
            break;
        }
    }
    drop(writer);
    let status = wait::until(WITHIN, || import.has_ended()).expect("it ends");
    assert_eq!(status.code(), Some(1));
    let said = fs::read_to_string(&messages).unwrap();
    let made = count();
    assert!(made % 500 == 0 && made < 20_000, "{made}: {said}");
    assert!(said.contains(&format!("was interrupted before line {}", made + 2)), "{said}");

    fs::write(place.path().join("users.csv"), format!("username,email\n{}", rows(0, 20_000)))
        .unwrap();
    let done = good(place.run(&["user", "import", "users.csv"]));
    assert!(
        done.stderr.contains(&format!("{made} accounts already existed; continuing")),
        "{done:?}"
    );
    assert!(done.stderr.contains("20000 rows so far"), "{done:?}");
    assert_eq!(count(), 20_000);
}
