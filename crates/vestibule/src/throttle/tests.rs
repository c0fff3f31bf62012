use std::time::Duration;

use async_trait::async_trait;
use tokio::task::JoinSet;
use vestibule_core::limit::LimitsUnavailable;
use vestibule_testkit::FakeClock;

use super::*;

const RATE: Rate = Rate { count: 10, window: Duration::from_secs(60) };
const ANNA: AccountKey = AccountKey::Session(SessionId::from_bytes([7; 16]));

/// Limits of two nodes in one process, which can be taken away, or made to never answer.
#[derive(Clone)]
struct Pretended(Arc<Mutex<State>>);

struct State {
    window: SlidingWindow<String>,
    mood: Mood,
    asked: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mood {
    There,
    Away,
    Mute,
}

impl Pretended {
    fn new() -> Self {
        let window = SlidingWindow::new(RATE, 100);
        Self(Arc::new(Mutex::new(State { window, mood: Mood::There, asked: 0 })))
    }

    fn be(&self, mood: Mood) {
        self.0.lock().unwrap().mood = mood;
    }

    fn asked(&self) -> u32 {
        self.0.lock().unwrap().asked
    }
}

#[async_trait]
impl SharedLimits for Pretended {
    async fn begin(
        &self,
        kind: &'static str,
        key: &str,
        rate: Rate,
    ) -> Result<Box<dyn SharedTry>, BeginError> {
        let mood = {
            let mut state = self.0.lock().unwrap();
            state.asked += 1;
            state.mood
        };
        match mood {
            Mood::There => {}
            Mood::Away => return Err(BeginError::Unavailable(LimitsUnavailable::new("away"))),
            Mood::Mute => std::future::pending().await,
        }
        assert_eq!(rate, RATE);
        let key = format!("{kind} {key}");
        let mut state = self.0.lock().unwrap();
        state.window.begin(&key, Duration::ZERO).map_err(BeginError::Limited)?;
        Ok(Box::new(PretendedTry { limits: self.clone(), key }))
    }
}

struct PretendedTry {
    limits: Pretended,
    key: String,
}

impl SharedTry for PretendedTry {
    fn settle(self: Box<Self>, outcome: Outcome) {
        self.limits.0.lock().unwrap().window.settle(&self.key, outcome, Duration::ZERO);
    }
}

fn node(shared: &Pretended) -> Throttle {
    let limits = Limits { account: Some(RATE), address: Some(RATE), ..Limits::NONE };
    let clock: Arc<dyn Clock> = Arc::new(FakeClock::default());
    Throttle::new(&limits, Some(Arc::new(shared.clone())), &clock)
}

/// How many failures of one account a node answers, one after the other, before it refuses.
async fn answered(node: &Throttle) -> u32 {
    for number in 0..100 {
        match node.account(ANNA).await {
            Ok(attempt) => attempt.failed(),
            Err(limited) => {
                assert!(!limited.by_in_flight);
                return number;
            }
        }
    }
    panic!("nothing limits this node");
}

async fn fail(node: &Throttle, times: u32) {
    for _ in 0..times {
        node.account(ANNA).await.unwrap().failed();
    }
}

#[tokio::test]
async fn limits_of_an_application_are_shared_as_well() {
    let shared = Pretended::new();
    let limit = |kind, rate| {
        let clock = Arc::new(FakeClock::default());
        RateLimit::new(kind, rate, Some(Arc::new(shared.clone())), clock)
    };
    let (one, two) = (limit("mail", Some(RATE)), limit("mail", Some(RATE)));
    for _ in 0..5 {
        one.count("anna").await.unwrap();
        two.count("anna").await.unwrap();
    }
    assert!(one.count("anna").await.is_err() && two.count("anna").await.is_err());
    one.count("bert").await.unwrap();
    limit("feedback", Some(RATE)).count("anna").await.unwrap();
    shared.be(Mood::Away);
    let alone = limit("mail", Some(RATE));
    for _ in 0..5 {
        alone.count("anna").await.unwrap();
    }
    assert!(alone.count("anna").await.is_err(), "half of it while what is shared is away");
    let boundless = limit("mail", None);
    for _ in 0..100 {
        boundless.count("anna").await.unwrap();
    }
}

#[tokio::test]
async fn two_nodes_share_one_rate_and_kinds_do_not() {
    let shared = Pretended::new();
    let (one, two) = (node(&shared), node(&shared));
    fail(&one, 6).await;
    assert_eq!(answered(&two).await, 4);
    assert_eq!(answered(&one).await, 0);
    let address = "192.0.2.1".parse().unwrap();
    for _ in 0..5 {
        one.address(address).await.unwrap().failed();
        two.address(address).await.unwrap().failed();
    }
    assert!(one.address(address).await.is_err());
    assert!(one.account(AccountKey::Session(SessionId::from_bytes([8; 16]))).await.is_ok());
}

#[tokio::test]
async fn a_node_that_has_seen_enough_asks_nobody() {
    let shared = Pretended::new();
    let node = node(&shared);
    assert_eq!(answered(&node).await, 10);
    assert_eq!(answered(&node).await, 0);
    assert_eq!(shared.asked(), 10);
}

#[tokio::test]
async fn alone_a_node_answers_half() {
    let shared = Pretended::new();
    let (one, two) = (node(&shared), node(&shared));
    shared.be(Mood::Away);
    assert_eq!(answered(&one).await, 5);
    assert_eq!(answered(&two).await, 5);
    shared.be(Mood::There);
    assert_eq!(answered(&one).await, 5, "what failed meanwhile stands");
}

#[tokio::test]
async fn an_outage_is_no_fresh_allowance() {
    for (before, during) in [(0, 5), (3, 2), (4, 1), (5, 0), (9, 0)] {
        let shared = Pretended::new();
        let node = node(&shared);
        fail(&node, before).await;
        shared.be(Mood::Away);
        assert_eq!(answered(&node).await, during, "after {before}");
    }
}

#[tokio::test]
async fn what_is_in_flight_when_they_go_away_counts_too() {
    let shared = Pretended::new();
    let node = node(&shared);
    let mut begun = Vec::new();
    for _ in 0..4 {
        begun.push(node.account(ANNA).await.unwrap());
    }
    shared.be(Mood::Away);
    fail(&node, 1).await;
    begun.remove(0).failed();
    begun.remove(0).failed();
    begun.remove(0).failed();
    drop(begun);
    assert_eq!(answered(&node).await, 1);
}

/// All of a burst come to the node's own window at once, each with a place among ten, and have to share five.
#[tokio::test]
async fn a_burst_into_an_outage_gets_half_and_ends() {
    let shared = Pretended::new();
    let node = Arc::new(node(&shared));
    shared.be(Mood::Away);
    let mut racers = JoinSet::new();
    for _ in 0..200 {
        let node = Arc::clone(&node);
        racers.spawn(async move {
            let attempt = node.account(ANNA).await;
            tokio::task::yield_now().await;
            attempt.map(Try::failed).is_ok()
        });
    }
    let answered = racers.join_all().await.into_iter().filter(|answered| *answered).count();
    assert_eq!(answered, 5);
}

#[tokio::test(start_paused = true)]
async fn tries_in_flight_elsewhere_are_waited_for() {
    let shared = Pretended::new();
    let (one, two) = (node(&shared), Arc::new(node(&shared)));
    let mut begun = Vec::new();
    for _ in 0..10 {
        begun.push(one.account(ANNA).await.unwrap());
    }
    let waits = tokio::spawn({
        let two = Arc::clone(&two);
        async move { two.account(ANNA).await.map(drop) }
    });
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(!waits.is_finished());
    begun.pop();
    assert_eq!(waits.await.unwrap(), Ok(()));
    begun.push(one.account(ANNA).await.unwrap());
    let patience_is_over = two.account(ANNA).await.map(drop).unwrap_err();
    assert!(patience_is_over.by_in_flight);
    begun.into_iter().for_each(Try::failed);
    assert!(!two.account(ANNA).await.map(drop).unwrap_err().by_in_flight);
}

#[tokio::test]
async fn a_handler_that_is_dropped_gives_its_places_back() {
    let shared = Pretended::new();
    let node = node(&shared);
    for _ in 0..20 {
        drop(node.account(ANNA).await.unwrap());
    }
    assert!(shared.0.lock().unwrap().window.is_empty());
    shared.be(Mood::Mute);
    for _ in 0..20 {
        let asks = tokio::time::timeout(Duration::from_millis(1), node.account(ANNA));
        assert!(asks.await.is_err(), "it waits for an answer, and not for a place");
    }
    shared.be(Mood::There);
    assert_eq!(answered(&node).await, 10);
}

#[tokio::test]
async fn a_place_that_others_refuse_is_given_back_here() {
    let shared = Pretended::new();
    let (one, two) = (node(&shared), node(&shared));
    fail(&one, 10).await;
    for _ in 0..20 {
        assert!(two.account(ANNA).await.is_err());
    }
    assert!(two.accounts.as_ref().unwrap().lock().is_empty());
    assert_eq!(two.accounts.as_ref().unwrap().places.available_permits(), WAITING);
}

#[test]
fn keys_of_different_people_have_different_texts() {
    let name = |typed| AccountKey::Name(LoginKey::from_typed(typed)).text();
    let texts = [ANNA.text(), name("7"), name("user 7"), name("anna"), name("anna@example.org")];
    assert_eq!(std::collections::BTreeSet::from(texts).len(), 5);
    assert_eq!(name("anna"), name(" ANNA "));
}
