//! The way of one exchange through the weather.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::BytesMut;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::watch,
    time::{Instant, sleep},
};

use super::{
    Counts, Line, SENT_AT,
    fate::{Fate, Loss, Weather},
    lanes::{Lane, Lanes, Point},
    lock,
};
use crate::wire::{Message, Wire};

/// What all connections of a proxy share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) started: Instant,
    seed: u64,
    pub(super) number: AtomicU64,
    pub(super) weather: Mutex<Weather>,
    pub(super) upstream: Wire,
    pub(super) under_way: AtomicUsize,
    pub(super) lanes: Lanes,
    pub(super) counts: Mutex<Counts>,
}

/// What a client gets.
enum Outcome {
    All(Message),
    Half(Message),
    Cut,
    Silence,
}

impl From<Loss> for Outcome {
    fn from(loss: Loss) -> Self {
        match loss {
            Loss::Cut => Self::Cut,
            Loss::Silent => Self::Silence,
        }
    }
}

impl Shared {
    pub(super) fn new(upstream: SocketAddr, seed: u64) -> Self {
        Self {
            started: Instant::now(),
            seed,
            number: AtomicU64::new(0),
            weather: Mutex::default(),
            upstream: Wire::to(upstream),
            under_way: AtomicUsize::new(0),
            lanes: Lanes::default(),
            counts: Mutex::default(),
        }
    }

    /// Serves one connection to its end.
    pub(super) async fn talk(
        self: Arc<Self>,
        mut client: TcpStream,
        line: watch::Receiver<Line>,
    ) -> io::Result<()> {
        client.set_nodelay(true)?;
        let mut buffer = BytesMut::with_capacity(4096);
        while let Some(request) = Message::read_request(&mut client, &mut buffer).await? {
            let number = self.number.fetch_add(1, Ordering::Relaxed);
            let lane = self.lanes.lane(&request, number);
            let outcome = self.carry(&request, &lane, &line).await;
            match outcome {
                Outcome::All(answer) => {
                    client.write_all(answer.bytes()).await?;
                    self.lanes.passed(&lane, Point::Delivered);
                }
                Outcome::Half(answer) => {
                    let half = answer.bytes().len() / 2;
                    client.write_all(answer.bytes().get(..half).unwrap_or_default()).await?;
                    return Ok(());
                }
                Outcome::Cut => return Ok(()),
                Outcome::Silence => {
                    // Until the client gives up.
                    while client.read_buf(&mut buffer).await? > 0 {
                        buffer.clear();
                    }
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Brings a request to the server and its answer back, or loses one of them.
    async fn carry(
        self: &Arc<Self>,
        request: &Message,
        lane: &Lane,
        line: &watch::Receiver<Line>,
    ) -> Outcome {
        let begun = self.sent_at(request);
        self.count(|counts| counts.exchanges += 1);
        let fate = Fate::draw(self.seed, lane.number(), &lock(&self.weather));
        if is_swallowed(line) {
            self.count(|counts| counts.requests_lost += 1);
            return Outcome::Silence;
        }
        sleep(fate.there).await;
        if fate.request_held {
            self.hold(lane, Point::Reached, fate.held_at_most).await;
        }
        if let Some(loss) = fate.request_lost {
            self.count(|counts| counts.requests_lost += 1);
            return loss.into();
        }
        if let Some(later) = fate.doubled {
            tokio::spawn(Arc::clone(self).repeat(request.clone(), begun, later, line.clone()));
        }
        let Ok(answer) = self.ask(request, begun).await else {
            self.count(|counts| counts.unanswered += 1);
            return Outcome::Cut;
        };
        self.lanes.passed(lane, Point::Reached);
        if fate.answer_held {
            self.hold(lane, Point::Delivered, fate.held_at_most).await;
        }
        sleep(fate.back).await;
        if is_swallowed(line) {
            self.count(|counts| counts.answers_lost += 1);
            return Outcome::Silence;
        }
        if let Some(loss) = fate.answer_lost {
            self.count(|counts| counts.answers_lost += 1);
            return loss.into();
        }
        if fate.answer_cut {
            self.count(|counts| counts.answers_cut += 1);
            return Outcome::Half(answer);
        }
        Outcome::All(answer)
    }

    /// Sends a request a second time and throws the answer away.
    async fn repeat(
        self: Arc<Self>,
        request: Message,
        begun: Instant,
        later: Duration,
        mut line: watch::Receiver<Line>,
    ) {
        let again = async {
            sleep(later).await;
            if self.ask(&request, begun).await.is_ok() {
                self.count(|counts| counts.doubled += 1);
            }
        };
        tokio::select! {
            () = again => {}
            _ = line.wait_for(|line| *line != Line::Open) => {}
        }
    }

    /// Asks the server.
    async fn ask(&self, request: &Message, begun: Instant) -> io::Result<Message> {
        let _under_way = UnderWay::new(&self.under_way);
        let answer = self.upstream.exchange(request).await;
        // Also without an answer: the server may have acted before it fell silent.
        let length = begun.elapsed();
        self.count(|counts| counts.longest = counts.longest.max(length));
        answer
    }

    async fn hold(&self, lane: &Lane, point: Point, at_most: Duration) {
        self.count(|counts| counts.held += 1);
        if self.lanes.wait(lane, point, at_most).await {
            self.count(|counts| counts.overtaken += 1);
        }
    }

    fn sent_at(&self, request: &Message) -> Instant {
        let said = request.headers(SENT_AT).next().and_then(|millis| millis.parse().ok());
        let sent_at = said.map(|millis| self.started + Duration::from_millis(millis));
        sent_at.unwrap_or_else(Instant::now)
    }

    fn count(&self, change: impl FnOnce(&mut Counts)) {
        change(&mut lock(&self.counts));
    }
}

/// One request that is before the server, counted; also where waiting for it is given up.
struct UnderWay<'c>(&'c AtomicUsize);

impl<'c> UnderWay<'c> {
    fn new(count: &'c AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn is_swallowed(line: &watch::Receiver<Line>) -> bool {
    *line.borrow() == Line::BlackHole
}
