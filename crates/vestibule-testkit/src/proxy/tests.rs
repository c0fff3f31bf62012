use axum::{Router, extract::State, http::Uri, routing::any};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    task::JoinHandle,
};

use super::{fate::Fate, *};
use crate::{
    visitors::Loopback,
    wait,
    wire::{Message, Wire},
};

/// Longer than anything here takes, and the end of a test that waits in vain.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server that notes the paths that it was asked for, and its proxy.
struct Street {
    proxy: Proxy,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Street {
    async fn with(weather: Weather) -> Self {
        let (server, asked) = server().await;
        let proxy = Proxy::start(server, 7).await.unwrap();
        proxy.set_weather(weather);
        Self { proxy, asked }
    }

    /// Asks as this visitor, on a connection of its own.
    fn ask(&self, visitor: &str, path: &str) -> JoinHandle<io::Result<Message>> {
        let wire = Wire::to(self.proxy.address());
        let request =
            Message::request("POST", path, &[("Host", "app.test"), ("User-Agent", visitor)], "{}");
        tokio::spawn(async move { wire.exchange(&request).await })
    }

    async fn answer(&self, path: &str) -> io::Result<Message> {
        self.ask("somebody", path).await.unwrap()
    }

    fn asked(&self) -> Vec<String> {
        lock(&self.asked).clone()
    }

    async fn until(&self, is_so: impl Fn(&Self) -> bool) {
        let look = async || is_so(self).then_some(());
        wait::until_async(PATIENCE, look).await.expect("it comes to be so");
    }
}

async fn server() -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let asked = Arc::<Mutex<Vec<String>>>::default();
    let note = async |State(asked): State<Arc<Mutex<Vec<String>>>>, uri: Uri, body: String| {
        lock(&asked).push(uri.path().to_owned());
        format!("{} {body}", uri.path())
    };
    let router = Router::new().fallback(any(note)).with_state(Arc::clone(&asked));
    (Loopback::serve(router).await.address(), asked)
}

fn is_cut(answer: &io::Result<Message>) -> bool {
    matches!(answer, Err(error) if error.kind() != io::ErrorKind::InvalidData)
}

#[tokio::test]
async fn in_fair_weather_everything_passes_on_kept_connections() {
    let street = Street::with(Weather::default()).await;
    let wire = Wire::to(street.proxy.address());
    for path in ["/one", "/two", "/three"] {
        let request = Message::request("POST", path, &[("Host", "app.test")], "{}");
        let answer = wire.exchange(&request).await.unwrap();
        assert_eq!(answer.status(), Some(200));
        assert_eq!(answer.body(), format!("{path} {{}}").as_bytes());
    }
    assert_eq!(street.asked(), ["/one", "/two", "/three"]);
    let counts = street.proxy.counts();
    let longest = counts.longest;
    assert_eq!(counts, Counts { exchanges: 3, longest, ..Counts::default() });
}

#[tokio::test]
async fn how_long_a_request_takes_is_counted_from_when_it_was_sent() {
    let street = Street::with(Weather::default()).await;
    sleep(Duration::from_millis(20)).await;
    let headers = [("Host", "app.test"), (SENT_AT, "5")];
    let request = Message::request("GET", "/", &headers, "");
    Wire::to(street.proxy.address()).exchange(&request).await.unwrap();
    assert!(street.proxy.counts().longest >= Duration::from_millis(15));
}

#[tokio::test]
async fn a_lost_request_never_arrives_and_a_lost_answer_was_given() {
    for silent in [0.0, 1.0] {
        let lost = Weather { requests_lost: 1.0, silent, ..Weather::default() };
        let street = Street::with(lost).await;
        let ask = street.ask("somebody", "/lost");
        street.until(|street| street.proxy.counts().requests_lost == 1).await;
        if silent > 0.0 {
            // A connection that stays open and says nothing: only what comes later tells.
            street.proxy.set_line(Line::Closed);
        }
        assert!(is_cut(&ask.await.unwrap()));
        assert_eq!(street.asked(), [""; 0]);

        let lost = Weather { answers_lost: 1.0, silent, ..Weather::default() };
        let street = Street::with(lost).await;
        let ask = street.ask("somebody", "/done");
        street.until(|street| street.proxy.counts().answers_lost == 1).await;
        if silent > 0.0 {
            assert!(!ask.is_finished());
            street.proxy.set_line(Line::Closed);
        }
        assert!(is_cut(&ask.await.unwrap()));
        assert_eq!(street.asked(), ["/done"]);
    }
}

#[tokio::test]
async fn an_answer_is_cut_in_the_middle() {
    let street = Street::with(Weather { answers_cut: 1.0, ..Weather::default() }).await;
    let mut client = TcpStream::connect(street.proxy.address()).await.unwrap();
    let request = Message::request("GET", "/half", &[("Host", "app.test")], "");
    client.write_all(request.bytes()).await.unwrap();
    let mut got = Vec::new();
    client.read_to_end(&mut got).await.unwrap();
    assert!(got.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&got));
    assert!(!got.ends_with(b"/half "));
    assert_eq!(street.proxy.counts().answers_cut, 1);
    assert!(is_cut(&street.answer("/half").await));
}

#[tokio::test]
async fn a_client_that_hangs_up_takes_nothing_back() {
    let there = Duration::from_millis(50)..=Duration::from_millis(50);
    let street = Street::with(Weather { there, ..Weather::default() }).await;
    let ask = street.ask("somebody", "/sent");
    street.until(|street| street.proxy.counts().exchanges == 1).await;
    ask.abort();
    street.until(|street| street.asked() == ["/sent"]).await;
}

#[tokio::test]
async fn a_doubled_request_arrives_twice_and_is_answered_once() {
    let street = Street::with(Weather { doubled: 1.0, ..Weather::default() }).await;
    assert_eq!(street.answer("/twice").await.unwrap().status(), Some(200));
    street.until(|street| street.proxy.counts().doubled == 1).await;
    assert_eq!(street.asked(), ["/twice", "/twice"]);
}

#[tokio::test]
async fn a_later_exchange_of_the_same_visitor_overtakes_a_held_one() {
    let held = Weather { held: 1.0, held_at_most: PATIENCE, ..Weather::default() };
    // Which of the first exchanges are held on the way there, by the seed of the street.
    let is_held_there = |number| Fate::draw(7, number, &held).request_held;
    let mut seen = [false; 2];
    for number in 0..8 {
        let street = Street::with(held.clone()).await;
        street.proxy.shared.number.store(number, Ordering::Relaxed);
        let first = street.ask("one", "/first");
        street.until(|street| street.proxy.counts().held == 1).await;
        street.proxy.set_weather(Weather::default());
        let other = street.ask("another", "/other").await.unwrap().unwrap();
        assert_eq!(other.status(), Some(200));
        assert!(!first.is_finished(), "those of others overtake nothing");
        street.ask("one", "/second").await.unwrap().unwrap();
        assert_eq!(first.await.unwrap().unwrap().status(), Some(200));
        assert_eq!(street.proxy.counts().overtaken, 1);
        let expected = if is_held_there(number) {
            ["/other", "/second", "/first"]
        } else {
            ["/first", "/other", "/second"]
        };
        assert_eq!(street.asked(), expected);
        seen[usize::from(is_held_there(number))] = true;
    }
    assert_eq!(seen, [true; 2], "both ways were tried");
}

#[tokio::test]
async fn what_nobody_overtakes_goes_on_in_the_end() {
    let held_at_most = Duration::from_millis(30);
    let street = Street::with(Weather { held: 1.0, held_at_most, ..Weather::default() }).await;
    assert_eq!(street.answer("/alone").await.unwrap().status(), Some(200));
    assert_eq!((street.proxy.counts().held, street.proxy.counts().overtaken), (1, 0));
    assert!(street.proxy.shared.lanes.is_empty());
}

#[tokio::test]
async fn a_closed_line_cuts_everything_and_opens_again() {
    let street = Street::with(Weather::default()).await;
    let wire = Wire::to(street.proxy.address());
    let request = Message::request("GET", "/", &[("Host", "app.test")], "");
    wire.exchange(&request).await.unwrap();
    street.proxy.set_line(Line::Closed);
    assert!(is_cut(&wire.exchange(&request).await));
    assert!(is_cut(&street.answer("/closed").await));
    street.proxy.set_line(Line::Open);
    assert_eq!(street.answer("/open").await.unwrap().status(), Some(200));
    assert_eq!(street.asked(), ["/", "/open"]);
}

#[tokio::test]
async fn what_falls_into_a_black_hole_stays_there() {
    let back = Duration::from_millis(50)..=Duration::from_millis(50);
    let street = Street::with(Weather { back, ..Weather::default() }).await;
    let under_way = street.ask("somebody", "/under-way");
    street.until(|street| street.asked() == ["/under-way"]).await;
    street.proxy.set_line(Line::BlackHole);
    let sent = street.ask("somebody", "/sent");
    street
        .until(|street| {
            let counts = street.proxy.counts();
            (counts.requests_lost, counts.answers_lost) == (1, 1)
        })
        .await;
    street.proxy.set_line(Line::Open);
    assert_eq!(street.answer("/open").await.unwrap().status(), Some(200));
    assert!(!under_way.is_finished() && !sent.is_finished());
    assert_eq!(street.asked(), ["/under-way", "/open"]);
}

#[tokio::test]
async fn it_leads_to_another_server_and_says_when_there_is_none() {
    let street = Street::with(Weather::default()).await;
    street.answer("/old").await.unwrap();
    let (new, asked) = server().await;
    street.proxy.lead_to(new);
    street.answer("/new").await.unwrap();
    assert_eq!((street.asked(), lock(&asked).clone()), (vec!["/old".into()], vec!["/new".into()]));
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    street.proxy.lead_to(nobody);
    assert!(is_cut(&street.answer("/nobody").await));
    assert_eq!(street.proxy.counts().unanswered, 1);
}

#[tokio::test]
async fn a_dropped_proxy_cuts_its_connections_and_frees_its_port() {
    let street = Street::with(Weather { requests_lost: 1.0, silent: 1.0, ..Weather::default() });
    let street = street.await;
    let ask = street.ask("somebody", "/lost");
    street.until(|street| street.proxy.counts().requests_lost == 1).await;
    let address = street.proxy.address();
    drop(street);
    assert!(is_cut(&ask.await.unwrap()));
    let is_free = async || TcpListener::bind(address).await.ok();
    wait::until_async(PATIENCE, is_free).await.expect("the port is free");
}
