//! The disk under the embedded store.

use std::{
    fs::{self, File},
    io::{ErrorKind, Write as _},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::json;
use vestibule_testkit::{
    site::{Place, Site},
    visitors::{Answer, Carrier, Visitor},
    wait,
};

use super::{BACK_WITHIN, at_last, is_put_off};
use crate::{
    cluster::{ORIGIN, VERIFY, Ways, sign_in, visitor},
    test_app::{PASSWORD, cheap, create_user, file_place, program},
};

/// Makes two tests of each `async fn(Disk)` that is named.
macro_rules! on_every_bad_disk {
    ($($case:ident),+ $(,)?) => {
        $(
            mod $case {
                use super::Disk;

                #[tokio::test]
                async fn while_it_is_full() {
                    super::$case(Disk::small()).await;
                }

                #[tokio::test]
                async fn while_it_is_read_only() {
                    super::$case(Disk::guarded()).await;
                }
            }
        )+
    };
}

on_every_bad_disk!(
    access_tokens_are_good,
    a_sign_in_works_or_is_put_off,
    a_renewal_is_put_off_and_the_old_token_is_good_afterwards,
    nobody_is_told_that_something_ended_which_did_not,
    guessing_stays_limited
);

async fn access_tokens_are_good(disk: Disk) {
    let scene = Scene::start(disk, &[]).await;
    scene.breaks().await;
    for person in &scene.people {
        assert_eq!(person.get(VERIFY).await.status, 204);
        assert_eq!(person.get("/api/auth/me").await.status, 200);
        assert_eq!(person.get("/user/sessions").await.status, 200, "what is read can be read");
    }
    scene.mends();
    for person in &scene.people {
        at_last(async || person.refresh().await).await;
        assert_eq!(person.get(VERIFY).await.status, 204);
    }
}

async fn a_sign_in_works_or_is_put_off(disk: Disk) {
    let scene = Scene::start(disk, &[]).await;
    scene.breaks().await;
    let newcomers = [Carrier::Header, Carrier::Cookie].map(|carrier| visitor(&scene.ways, carrier));
    for newcomer in &newcomers {
        works_or_is_put_off(&newcomer.sign_in("ada", PASSWORD).await);
        assert_eq!(newcomer.sign_in("ada", "not my password").await.code(), "invalid_credentials");
    }
    let eve = json!({ "username": "eve", "email": "eve@people.test", "password": PASSWORD });
    works_or_is_put_off(&newcomers[0].post_json("/api/auth/register", eve).await);
    scene.mends();
    for newcomer in &newcomers {
        at_last(async || newcomer.sign_in("ada", PASSWORD).await).await;
    }
}

fn works_or_is_put_off(answer: &Answer) {
    if !answer.status.is_success() {
        is_put_off(answer);
    }
}

async fn a_renewal_is_put_off_and_the_old_token_is_good_afterwards(disk: Disk) {
    let scene = Scene::start(disk, &[]).await;
    scene.breaks().await;
    let [app, browser] = &scene.people;
    let reader = visitor(&scene.ways, Carrier::Cookie);
    reader.hold(None, browser.refresh_token().as_deref());
    let held = || [app, browser, &reader].map(|person| person.refresh_token());
    let before = held();
    for _ in 0..3 {
        is_put_off(&app.refresh().await);
        is_put_off(&browser.refresh().await);
        is_put_off(&reader.get("/api/auth/me").await);
        is_put_off(&reader.get("/user/account").await);
    }
    assert_eq!(held(), before);
    scene.mends();
    at_last(async || app.refresh().await).await;
    at_last(async || reader.get("/api/auth/me").await).await;
    assert_eq!(browser.refresh().await.status, 200);
    assert_eq!(browser.refresh_token(), reader.refresh_token(), "both have the one successor");
    assert_ne!(app.refresh_token(), before[0]);
}

async fn nobody_is_told_that_something_ended_which_did_not(disk: Disk) {
    let scene = Scene::start(disk, &[]).await;
    scene.breaks().await;
    for person in &scene.people {
        is_put_off(&person.sign_out().await);
        is_put_off(&person.delete("/api/auth/sessions").await);
        assert_eq!(person.get(VERIFY).await.status, 204);
    }
    scene.mends();
    for person in &scene.people {
        at_last(async || person.get("/api/auth/sessions").await).await;
        let (access, refresh) = (person.access_token(), person.refresh_token());
        at_last(async || person.sign_out().await).await;
        person.hold(access.as_deref(), refresh.as_deref());
        assert_eq!(person.get("/api/auth/me").await.code(), "token_revoked");
    }
}

async fn guessing_stays_limited(disk: Disk) {
    let scene = Scene::start(disk, &[("VESTIBULE_LIMITS__ACCOUNT", "3/15m")]).await;
    scene.breaks().await;
    let guesser = visitor(&scene.ways, Carrier::Header);
    for _ in 0..3 {
        assert_eq!(guesser.sign_in("ada", "not my password").await.code(), "invalid_credentials");
    }
    assert_eq!(guesser.sign_in("ada", PASSWORD).await.verdict(), (429, "rate_limited".into()));
    scene.mends();
    at_last(async || scene.people[0].refresh().await).await;
    assert_eq!(guesser.sign_in("ada", PASSWORD).await.status, 429);
}

#[test]
fn a_site_does_not_start_where_it_cannot_write_and_says_so() {
    let disk = Disk::small();
    let done = disk.place.run(&words(&disk.arguments("mount -o remount,bind,ro disk;")));
    assert_eq!(done.code(), 1, "{done:?}");
    assert!(done.stderr.contains("disk/vestibule.db.lock"), "{done:?}");
}

/// A site on a disk that breaks, and Ada by both carriers.
struct Scene {
    site: Site,
    disk: Disk,
    ways: Ways,
    people: [Box<dyn Visitor>; 2],
}

impl Scene {
    async fn start(mut disk: Disk, settings: &[(&str, &str)]) -> Self {
        settings.iter().for_each(|(name, value)| disk.place.set(name, value));
        let site = disk.place.start(&words(&disk.arguments("")));
        let ways = Ways::to(std::iter::once(site.address()), site.secrets());
        let people = [Carrier::Header, Carrier::Cookie].map(|carrier| visitor(&ways, carrier));
        for person in &people {
            sign_in(&**person).await;
        }
        Self { site, disk, ways, people }
    }

    /// From now on nothing can be written.
    async fn breaks(&self) {
        match self.disk.kind {
            Kind::Small => self.fill(),
            Kind::Guarded => fs::write(self.disk.switch(), "").unwrap(),
        }
        // There may be room for a few more lines in the database's log.
        let prober = visitor(&self.ways, Carrier::Header);
        let is_broken = async || {
            let answer = prober.sign_in("ada", PASSWORD).await;
            works_or_is_put_off(&answer);
            (answer.status == 503).then_some(())
        };
        wait::until_async(BACK_WITHIN, is_broken).await.expect("the disk takes nothing more");
    }

    fn mends(&self) {
        let cause = match self.disk.kind {
            Kind::Small => self.filler(),
            Kind::Guarded => self.disk.switch(),
        };
        fs::remove_file(cause).unwrap();
    }

    fn fill(&self) {
        let mut filler = File::create(self.filler()).unwrap();
        let mut piece = vec![0; 1 << 20];
        // To the last byte that there is room for.
        while !piece.is_empty() {
            match filler.write_all(&piece) {
                Ok(()) => {}
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::StorageFull, "{error}");
                    piece.truncate(piece.len() / 2);
                }
            }
        }
    }

    /// On the disk as the site sees it.
    fn filler(&self) -> PathBuf {
        let seen = format!("/proc/{}/root", self.site.pid());
        PathBuf::from(seen + &text(&self.disk.place.path().join("disk/filler")))
    }
}

/// Where a site keeps its data, Ada's account included.
struct Disk {
    place: Place,
    /// Where the data comes from.
    made: Place,
    kind: Kind,
}

enum Kind {
    /// A file system in memory that only the site sees, and that goes with it.
    Small,
    /// A folder on which a library in the site's process lays its hand.
    Guarded,
}

impl Disk {
    fn small() -> Self {
        let made = made();
        let place = cheap(Place::new("unshare")).sharing(made.secrets());
        fs::create_dir(place.path().join("disk")).unwrap();
        let place = place.with("VESTIBULE_PUBLIC_URL", ORIGIN);
        Self { place, made, kind: Kind::Small }
    }

    fn guarded() -> Self {
        let made = made();
        let place = cheap(Place::new(program())).sharing(made.secrets());
        let folder = place.path().canonicalize().unwrap();
        let library = folder.join("read_only.so");
        compile(&library);
        let place = place
            .with("VESTIBULE_PUBLIC_URL", ORIGIN)
            .with("LD_PRELOAD", &text(&library))
            .with("READ_ONLY_FOLDER", &text(&folder.join("disk")))
            .with("READ_ONLY_WHEN", &text(&folder.join("is-read-only")));
        let copied =
            Command::new("cp").arg("-a").arg(data(&made)).arg(folder.join("disk")).status();
        assert!(copied.unwrap().success());
        Self { place, made, kind: Kind::Guarded }
    }

    fn switch(&self) -> PathBuf {
        self.place.path().join("is-read-only")
    }

    /// What starts the site; the small disk is made first, and `then` is done to it.
    fn arguments(&self, then: &str) -> Vec<String> {
        let serve = ["serve", "--listen", "127.0.0.1:0", "--data-dir", "disk"];
        let serve = serve.map(str::to_owned).to_vec();
        let script = format!(
            "set -e; mount -t tmpfs -o size=8m,mode=700 tmpfs disk; cp -a \"$1/.\" disk; {then} shift; exec \"$@\""
        );
        let before = match self.kind {
            Kind::Guarded => Vec::new(),
            Kind::Small => [mount_namespace(), "sh -c".to_owned()]
                .iter()
                .flat_map(|words| words.split(' ').map(str::to_owned))
                .chain([script, "sh".to_owned(), text(&data(&self.made)), text(&program())])
                .collect(),
        };
        [before, serve].concat()
    }
}

/// What lets a process mount something that only itself sees: anybody may, as root of nothing but itself.
fn mount_namespace() -> String {
    let is_root = fs::metadata("/proc/self").unwrap().uid() == 0;
    if is_root { "--mount".to_owned() } else { "--map-root-user --mount".to_owned() }
}

fn words(owned: &[String]) -> Vec<&str> {
    owned.iter().map(String::as_str).collect()
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

/// A site's data, made where there is room.
fn made() -> Place {
    let place = file_place();
    create_user(&place, "ada", &[]);
    place
}

fn data(made: &Place) -> PathBuf {
    made.path().join("data")
}

fn compile(library: &Path) {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/faults/read_only.c");
    let done = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .arg(library)
        .arg(source)
        .output();
    let done = done.expect("there is a compiler");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}
