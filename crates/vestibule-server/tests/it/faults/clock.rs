//! One node of two has a clock that is two hours off, or jumps there while it serves.

use vestibule_testkit::{
    visitors::{Carrier, Visitor},
    wait,
};

use crate::{
    cluster::{Cluster, HEARD_WITHIN, VERIFY, Ways, becomes, places, renew, sign_in},
    other_time::OtherTime,
    test_app::{PASSWORD, ask_store, create_user, serve, serve_again},
};

/// Makes two tests of each `async fn(&str, Carrier)` that is named, which is run for both carriers.
macro_rules! ahead_and_behind {
    ($($case:ident),+ $(,)?) => {
        $(
            mod $case {
                use vestibule_testkit::visitors::Carrier;

                #[tokio::test]
                async fn two_hours_ahead() {
                    super::$case("+2h", Carrier::Header).await;
                    super::$case("+2h", Carrier::Cookie).await;
                }

                #[tokio::test]
                async fn two_hours_behind() {
                    super::$case("-2h", Carrier::Header).await;
                    super::$case("-2h", Carrier::Cookie).await;
                }
            }
        )+
    };
}

ahead_and_behind!(
    nobody_is_signed_out_by_a_clock,
    nothing_lives_longer_by_a_clock,
    who_was_signed_out_stays_out,
    a_clock_that_jumps_frees_nobody_from_a_limit
);

mod racers_are_no_thieves {
    use vestibule_testkit::visitors::Carrier;

    #[tokio::test]
    async fn forty_seconds_ahead() {
        super::racers_are_no_thieves("+40s", Carrier::Header).await;
        super::racers_are_no_thieves("+40s", Carrier::Cookie).await;
    }

    #[tokio::test]
    async fn forty_seconds_behind() {
        super::racers_are_no_thieves("-40s", Carrier::Header).await;
        super::racers_are_no_thieves("-40s", Carrier::Cookie).await;
    }
}

const RIGHT: usize = 0;
const WRONG: usize = 1;

/// Signed in it stays, by the rules: an app renews when its access token is refused, for a browser the site
/// does so in passing.
async fn is_in(visitor: &dyn Visitor) {
    let mut answer = visitor.get("/api/auth/me").await;
    if visitor.carrier() == Carrier::Header && answer.status == 401 {
        assert!(["token_expired", "token_invalid"].contains(&&*answer.code()), "{}", answer.text());
        assert_eq!(visitor.refresh().await.status, 200);
        answer = visitor.get("/api/auth/me").await;
    }
    assert_eq!(answer.status, 200, "{}", answer.text());
}

fn hand_over(from: &dyn Visitor, to: &dyn Visitor) {
    to.hold(from.access_token().as_deref(), from.refresh_token().as_deref());
}

async fn nobody_is_signed_out_by_a_clock(jump: &str, carrier: Carrier) {
    let nodes = Nodes::start();
    let [right, wrong] = [RIGHT, WRONG].map(|node| nodes.cluster.visitor(carrier, node));
    // Signed in before, while, and after.
    for (sign_in_at, time) in [(&wrong, "+0"), (&wrong, jump), (&right, jump)] {
        nodes.say(time);
        sign_in(&**sign_in_at).await;
        nodes.say(jump);
        is_in(&**sign_in_at).await;
        let (mut from, mut to) = (
            sign_in_at,
            if sign_in_at.access_token() == right.access_token() { &wrong } else { &right },
        );
        for _ in 0..3 {
            hand_over(&**from, &**to);
            is_in(&**to).await;
            std::mem::swap(&mut from, &mut to);
        }
        nodes.say("+0");
        hand_over(&**from, &*wrong);
        is_in(&*wrong).await;
        assert_eq!(renew(&*wrong).await.status, 200);
    }
}

/// Beyond the grace apart: a request that comes a moment after another one, at another node, is a racer all the
/// same. How long ago something was handed out is the database's to tell.
async fn racers_are_no_thieves(jump: &str, carrier: Carrier) {
    let nodes = Nodes::start();
    nodes.say(jump);
    for (first, second) in [(RIGHT, WRONG), (WRONG, RIGHT)] {
        let [first, second] = [first, second].map(|node| nodes.cluster.visitor(carrier, node));
        sign_in(&*first).await;
        hand_over(&*first, &*second);
        assert_eq!(renew(&*first).await.status, 200);
        // What it got is in use, and every node may know it.
        assert_eq!(first.get(VERIFY).await.status, 204);
        let seen =
            "SELECT count(*) FROM sessions WHERE seen_generation < generation AND end_at IS NULL";
        let is_written =
            async || (ask_store(&nodes.cluster.places[RIGHT], seen) == ["0"]).then_some(());
        wait::until_async(HEARD_WITHIN, is_written).await.expect("it is noticed");
        let answer = renew(&*second).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(second.refresh_token(), first.refresh_token());
        assert_eq!(first.sign_out().await.status, 204);
    }
}

/// A browser whose requests go to both nodes has no access token that works at the one after it was at the other.
/// It does not renew so often that a request which is still on its way becomes two generations old.
#[tokio::test]
async fn a_browser_that_goes_from_node_to_node_does_not_outrun_itself() {
    for jump in ["+2h", "-2h"] {
        let nodes = Nodes::start();
        nodes.say(jump);
        let [right, wrong] =
            [RIGHT, WRONG].map(|node| nodes.cluster.visitor(Carrier::Cookie, node));
        sign_in(&*right).await;
        let late = nodes.cluster.visitor(Carrier::Cookie, RIGHT);
        hand_over(&*right, &*late);
        for (from, to) in [(&right, &wrong), (&wrong, &right), (&right, &wrong), (&wrong, &right)] {
            hand_over(&**from, &**to);
            assert_eq!(to.get("/api/auth/me").await.status, 200);
        }
        late.hold(None, late.refresh_token().as_deref());
        assert_eq!(late.get("/api/auth/me").await.status, 200, "{jump}");
    }
}

async fn nothing_lives_longer_by_a_clock(jump: &str, carrier: Carrier) {
    let nodes = Nodes::start();
    let [right, wrong] = [RIGHT, WRONG].map(|node| nodes.cluster.visitor(carrier, node));
    sign_in(&*right).await;
    let ends = || ask_store(&nodes.cluster.places[RIGHT], "SELECT ends_at FROM sessions");
    let end = ends();
    nodes.say(jump);
    hand_over(&*right, &*wrong);
    assert_eq!(renew(&*wrong).await.status, 200);
    assert_eq!(ends(), end, "the absolute end does not move");
    // What it has signed is of its own time: not yet good here, or no more.
    let bearer = nodes.cluster.app(RIGHT);
    bearer.hold(wrong.access_token().as_deref(), None);
    let refused = if jump == "+2h" { "token_invalid" } else { "token_expired" };
    assert_eq!(bearer.get(VERIFY).await.verdict(), (401, refused.into()));
    // And at itself, once the clock is right again.
    let bearer = nodes.cluster.app(WRONG);
    bearer.hold(wrong.access_token().as_deref(), None);
    assert_eq!(bearer.get(VERIFY).await.status, 204);
    nodes.say("+0");
    assert_eq!(bearer.get(VERIFY).await.verdict(), (401, refused.into()));
}

async fn who_was_signed_out_stays_out(jump: &str, carrier: Carrier) {
    let mut nodes = Nodes::start();
    nodes.say(jump);
    let mut over = Vec::new();
    for leaves_at in [RIGHT, WRONG] {
        // One session, with an access token of each node that is good at that node.
        let seen = [RIGHT, WRONG].map(|node| nodes.cluster.visitor(carrier, node));
        sign_in(&*seen[RIGHT]).await;
        seen[WRONG].hold(None, seen[RIGHT].refresh_token().as_deref());
        assert_eq!(renew(&*seen[WRONG]).await.status, 200);
        for visitor in &seen {
            assert_eq!(visitor.get(VERIFY).await.status, 204);
        }
        let access = [RIGHT, WRONG].map(|node| seen[node].access_token());
        let refresh = seen[WRONG].refresh_token();
        assert_eq!(seen[leaves_at].sign_out().await.status, 204);
        // Whoever has kept copies.
        seen[leaves_at].hold(access[leaves_at].as_deref(), refresh.as_deref());
        for visitor in &seen {
            becomes(&**visitor, |answer| answer.code() == "token_revoked").await;
        }
        over.push((access, refresh));
    }
    are_over(&nodes, &over).await;
    nodes.restart();
    are_over(&nodes, &over).await;
    nodes.say("+0");
    for (_, refresh) in &over {
        is_over(&nodes, WRONG, None, refresh.as_deref()).await;
    }
}

async fn are_over(nodes: &Nodes, sessions: &[([Option<String>; 2], Option<String>)]) {
    for (access, refresh) in sessions {
        for node in [RIGHT, WRONG] {
            is_over(nodes, node, access[node].as_deref(), refresh.as_deref()).await;
        }
    }
}

/// Neither token opens anything at this node.
async fn is_over(nodes: &Nodes, node: usize, access: Option<&str>, refresh: Option<&str>) {
    let app = nodes.cluster.app(node);
    if access.is_some() {
        app.hold(access, None);
        assert_eq!(app.get(VERIFY).await.verdict(), (401, "token_revoked".into()), "node {node}");
    }
    for carrier in [Carrier::Header, Carrier::Cookie] {
        let visitor = nodes.cluster.visitor(carrier, node);
        visitor.hold(None, refresh);
        assert_eq!(renew(&*visitor).await.status, 401);
    }
}

async fn a_clock_that_jumps_frees_nobody_from_a_limit(jump: &str, carrier: Carrier) {
    let nodes = Nodes::start_with(&[("VESTIBULE_LIMITS__ACCOUNT", "3/15m")]);
    let guesser = nodes.cluster.visitor(carrier, WRONG);
    for _ in 0..3 {
        assert_eq!(guesser.sign_in("ada", "not my password").await.code(), "invalid_credentials");
    }
    assert_eq!(guesser.sign_in("ada", PASSWORD).await.status, 429);
    nodes.say(jump);
    let limited = guesser.sign_in("ada", PASSWORD).await;
    assert_eq!(limited.status, 429);
    let wait: u32 = limited.header("retry-after").parse().unwrap();
    assert!((1..=900).contains(&wait), "{wait}");
}

/// A node that knows the time, and one that is told what a file says.
struct Nodes {
    cluster: Cluster,
    other_time: OtherTime,
}

impl Nodes {
    fn start() -> Self {
        Self::start_with(&[])
    }

    fn start_with(settings: &[(&str, &str)]) -> Self {
        let mut places = places(2, settings);
        create_user(&places[RIGHT], "ada", &[]);
        let other_time = OtherTime::at(&mut places[WRONG]);
        let sites: Vec<_> = places.iter().map(serve).collect();
        let ways = Ways::to(sites.iter().map(|site| site.address()), places[RIGHT].secrets());
        Self { cluster: Cluster { sites, places, ways }, other_time }
    }

    /// Restarts both.
    fn restart(&mut self) {
        for node in [RIGHT, WRONG] {
            let address = self.cluster.sites[node].address();
            self.cluster.sites.remove(node).stop();
            let site = serve_again(&self.cluster.places[node], address);
            self.cluster.sites.insert(node, site);
        }
    }

    /// Tells the node how far off it is.
    fn say(&self, offset: &str) {
        self.other_time.say(offset);
    }
}
