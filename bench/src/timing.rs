//! Whether the time of an answer tells that there is an account, also while no mail can be sent.
//!
//! Each door is asked twice in turns: by somebody with an account and by somebody without, or by two whose
//! accounts differ. Beside the medians stands the test of Mann and Whitney, since a median alone hides a tail.

use std::{error::Error, fmt, net::TcpListener, sync::Arc, time::Duration};

use http::Method;
use serde_json::{Value, json};
use vestibule_testkit::{
    clock::FakeClock,
    postgres::{Durability, Postgres},
    site::{Place, Site},
    visitors::{Answer, App, Browser, CookieNames, Loopback, Visitor as _},
};

use crate::{
    Outcome, median,
    ranks::Difference,
    server::{PASSWORD, now},
    stores::Kind,
};

const PAIRS: u32 = 300;
/// What an answer has caused is over by the next one.
const PAUSE: Duration = Duration::from_millis(5);
/// Medians may differ by so much, in milliseconds, or by such a share.
const DIFFER_BY: f64 = 2.0;
const DIFFER_BY_SHARE: f64 = 0.05;
/// Two samples of one distribution differ by more in one of a hundred cases.
const MOST_Z: f64 = 2.576;

/// Somebody who has an account, and everybody whose account is in another state.
const KNOWN: &str = "known";
const UNKNOWN: &str = "unknown";
const SUSPENDED: &str = "suspended";
const DELETED: &str = "deleted";
const WITHOUT_PASSWORD: &str = "blank";
/// The file with those who are brought over from elsewhere.
const PEOPLE: &str = "people.csv";

/// What cannot be reached, and how.
#[derive(Clone, Copy, PartialEq, Eq)]
enum MailServer {
    /// Nobody listens.
    Closed,
    /// It takes connections and says nothing.
    Silent,
}

impl fmt::Display for MailServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed => "mail server closed",
            Self::Silent => "mail server silent",
        })
    }
}

/// What is asked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Door {
    /// Signs in with a wrong password.
    SignIn,
    /// Asks for a new password.
    Forgot,
    /// Asks for the mail that verifies an address.
    VerifyAgain,
    /// Registers an address.
    Register,
    /// Asks for another address.
    ChangeAddress,
}

/// A door, and who comes to it in turns.
struct Row {
    door: Door,
    name: &'static str,
    sides: [&'static str; 2],
}

const ROWS: [Row; 8] = [
    Row { door: Door::SignIn, name: "sign-in", sides: [KNOWN, UNKNOWN] },
    Row { door: Door::SignIn, name: "sign-in", sides: [SUSPENDED, UNKNOWN] },
    Row { door: Door::SignIn, name: "sign-in", sides: [DELETED, UNKNOWN] },
    Row { door: Door::SignIn, name: "sign-in", sides: [WITHOUT_PASSWORD, UNKNOWN] },
    Row { door: Door::Forgot, name: "forgotten password", sides: [KNOWN, UNKNOWN] },
    Row { door: Door::VerifyAgain, name: "verify again", sides: [KNOWN, UNKNOWN] },
    Row { door: Door::Register, name: "register an address", sides: [KNOWN, UNKNOWN] },
    Row { door: Door::ChangeAddress, name: "change to an address", sides: [KNOWN, UNKNOWN] },
];

pub(crate) async fn run() -> Outcome {
    let mut is_told = false;
    for kind in Kind::ALL {
        for away in [MailServer::Closed, MailServer::Silent] {
            let mut test_app = TestApp::open(kind, away).await?;
            for row in ROWS {
                // Nothing about a sign-in is sent when it fails.
                if row.door == Door::SignIn && away == MailServer::Silent {
                    continue;
                }
                // One of a hundred looks like more than it is: only what does so again is something.
                let tells = test_app.measure(&row).await? && test_app.measure(&row).await?;
                is_told |= tells;
            }
        }
    }
    if is_told { Err("an answer's time tells of an account".into()) } else { Ok(()) }
}

/// A site whose mails go nowhere, with accounts in every state.
struct TestApp {
    what: String,
    site: Site,
    page: Browser,
    app: App,
    asked: u32,
    place: Place,
    // Whoever connects waits in its queue.
    _silent: TcpListener,
}

impl TestApp {
    async fn open(kind: Kind, away: MailServer) -> Result<Self, Box<dyn Error>> {
        let program = std::env::var_os("TESTED_SERVER")
            .ok_or("TESTED_SERVER does not name the site's program; `cargo xtask bench` sets it")?;
        let silent = TcpListener::bind("127.0.0.1:0")?;
        let closed = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let address = if away == MailServer::Closed { closed } else { silent.local_addr()? };
        let mut place = Place::new(program)
            .with("VESTIBULE_MAIL__URL", &format!("smtp://{address}?tls=off"))
            .with("VESTIBULE_LIMITS__ACCOUNT", "off")
            .with("VESTIBULE_LIMITS__ADDRESS", "off")
            .with("VESTIBULE_LIMITS__REGISTER", "off")
            .with("VESTIBULE_LIMITS__MAIL", "off");
        if kind == Kind::Postgres {
            let postgres = Postgres::start(Durability::Full);
            place.set("VESTIBULE_DATABASE_URL", &postgres.url("postgres"));
            place = place.keeping(postgres);
        }
        let site = place.start(&["serve", "--listen", "127.0.0.1:0"]);
        let way = Loopback::to(site.address());
        let clock = Arc::new(FakeClock::default());
        let mut test_app = Self {
            what: format!("{kind}, {away}"),
            page: Browser::new(way, site.url(), CookieNames::plain(), clock),
            app: App::new(way, &site.address().to_string()),
            site,
            asked: 0,
            place,
            _silent: silent,
        };
        test_app.people().await?;
        Ok(test_app)
    }

    /// Makes the accounts.
    async fn people(&mut self) -> Outcome {
        for name in [KNOWN, SUSPENDED, DELETED] {
            let (_, answer) = self.register(name, &address(name)).await;
            expect(&answer, 202)?;
        }
        std::fs::write(
            self.place.path().join(PEOPLE),
            format!("username,email\n{WITHOUT_PASSWORD},{}\n", address(WITHOUT_PASSWORD)),
        )?;
        for arguments in [
            &["user", "import", PEOPLE][..],
            &["user", "suspend", SUSPENDED],
            &["user", "delete", DELETED],
        ] {
            let done = self.place.run(arguments);
            if done.code() != 0 {
                return Err(format!("{arguments:?}: {done:?}").into());
            }
        }
        expect(&self.app.sign_in(KNOWN, PASSWORD).await, 200)
    }

    /// Prints how the two sides of a row differ, and says whether they do.
    async fn measure(&mut self, row: &Row) -> Result<bool, Box<dyn Error>> {
        let [mut first, mut second] = [Vec::new(), Vec::new()];
        for pair in 0..PAIRS {
            let turns = if pair % 2 == 0 { [0, 1] } else { [1, 0] };
            for turn in turns {
                let (side, times) = match turn {
                    0 => (row.sides[0], &mut first),
                    _ => (row.sides[1], &mut second),
                };
                tokio::time::sleep(PAUSE).await;
                times.push(self.ask(row.door, side).await?.as_secs_f64() * 1000.0);
            }
        }
        let found = Difference::between(&first, &second);
        let (one, other) = (median(&mut first), median(&mut second));
        let apart = (one - other).abs();
        let is_told =
            found.z.abs() > MOST_Z || apart > f64::max(DIFFER_BY, DIFFER_BY_SHARE * other);
        println!(
            "timing: {}: {:<20} {:>9} {one:7.3} ms, {} {other:7.3} ms, slower in {:4.1} % of pairs, z {:5.2}{}",
            self.what,
            row.name,
            row.sides[0],
            row.sides[1],
            found.share * 100.0,
            found.z,
            if is_told { "  differs" } else { "" },
        );
        Ok(is_told)
    }

    /// Asks once, as `side`, and measures until the whole answer is there.
    async fn ask(&mut self, door: Door, side: &str) -> Result<Duration, Box<dyn Error>> {
        self.asked += 1;
        let number = self.asked;
        // Nobody has this name, and nobody had it before.
        let name = if side == UNKNOWN { format!("nobody{number}") } else { side.to_owned() };
        let (took, answer, status) = match door {
            Door::SignIn => {
                let body = json!({ "login": name, "password": "not the one that it is" });
                let (took, answer) = self.post("/api/auth/login", body).await;
                (took, answer, 401)
            }
            Door::Forgot => {
                let (took, answer) = self.submit("/auth/forgot", "/auth/forgot", &name).await;
                (took, answer, 303)
            }
            Door::VerifyAgain => {
                let (took, answer) = self.submit("/auth/verify", "/auth/verify/again", &name).await;
                (took, answer, 303)
            }
            Door::Register => {
                let newcomer = format!("newcomer{number}");
                let (took, answer) = self.register(&newcomer, &address(&name)).await;
                (took, answer, 202)
            }
            Door::ChangeAddress => {
                // One's own address is no other one.
                let owner = if side == KNOWN { address(SUSPENDED) } else { address(&name) };
                let started = now();
                let body = Some(json!({ "email": owner }));
                let answer = self.app.ask(Method::PATCH, "/api/user", body).await;
                (started.elapsed(), answer, 200)
            }
        };
        expect(&answer, status)?;
        Ok(took)
    }

    async fn register(&self, name: &str, email: &str) -> (Duration, Answer) {
        let body = json!({ "username": name, "email": email, "password": PASSWORD });
        self.post("/api/auth/register", body).await
    }

    async fn post(&self, path: &str, body: Value) -> (Duration, Answer) {
        // As somebody who is signed in nowhere.
        let nobody = App::new(Loopback::to(self.site.address()), &self.site.address().to_string());
        let started = now();
        let answer = nobody.post_json(path, body).await;
        (started.elapsed(), answer)
    }

    /// Opens a page, and sends its form.
    async fn submit(&self, page: &str, path: &str, login: &str) -> (Duration, Answer) {
        self.page.navigate(page).await;
        let started = now();
        let answer = self.page.submit(path, &[("login", login)]).await;
        (started.elapsed(), answer)
    }
}

fn address(name: &str) -> String {
    format!("{name}@people.test")
}

fn expect(answer: &Answer, status: u16) -> Outcome {
    if answer.status == status {
        return Ok(());
    }
    Err(format!("the answer was {}, not {status}: {}", answer.status, answer.text()).into())
}
