//! The one connection, and the task that keeps it.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use redis::{
    AsyncConnectionConfig, Client, PushInfo, PushKind, RedisError, RedisResult,
    aio::MultiplexedConnection,
};
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{sleep, timeout},
};

/// Within this time a connection is made, with everything that belongs to it.
const CONNECT_WITHIN: Duration = Duration::from_secs(2);
/// Between two pings on a connection, and as long may an answer to one take.
const PING_PERIOD: Duration = Duration::from_secs(1);
/// After so many answered pings a connection has held, and the next one is tried at once.
const STEADY: u32 = 5;
/// The pause before the first new attempt, doubled with each one that fails up to the longest. Somebody who
/// is back is found within that and the time that connecting takes.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// The one connection, whether it is there or not.
pub(crate) struct Link {
    line: Arc<Line>,
    keeper: JoinHandle<()>,
    channel: String,
    at: String,
}

/// What the keeper shares with everybody else.
struct Line {
    state: watch::Sender<State>,
    wakes: watch::Sender<()>,
    deadline: Duration,
}

enum State {
    /// The keeper is making one.
    Connecting,
    There(Connection),
    /// Somebody has found out that it is of no use, and the keeper will see.
    Lost(Loss),
}

#[derive(Clone)]
struct Connection {
    inner: MultiplexedConnection,
    number: u64,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
enum Loss {
    #[error("it closed the connection")]
    Closed,
    #[error("it did not answer within {0:?}")]
    Silent(Duration),
    #[error(transparent)]
    Failed(#[from] RedisError),
}

/// A call was not carried out, as far as we know.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    /// Redis has not heard of it.
    #[error("there is no connection to Redis")]
    Away,
    /// It may have been carried out or not.
    #[error("Redis did not answer in time, or the connection broke")]
    Lost,
    /// Redis has said no.
    #[error("Redis refused a call: {0}")]
    Refused(#[source] RedisError),
}

impl Link {
    pub(crate) fn open(client: Client, channel: String, deadline: Duration) -> Self {
        let (state, wakes) = (watch::Sender::new(State::Connecting), watch::Sender::new(()));
        let line = Arc::new(Line { state, wakes, deadline });
        let at = client.get_connection_info().addr().to_string();
        let keeper = Keeper {
            line: Arc::clone(&line),
            client,
            channel: channel.clone(),
            at: at.clone(),
            said: Reported::Nothing,
        };
        Self { line, keeper: tokio::spawn(keeper.run()), channel, at }
    }

    /// The address, without user and password.
    pub(crate) fn at(&self) -> &str {
        &self.at
    }

    /// What the connection is subscribed to.
    pub(crate) fn channel(&self) -> &str {
        &self.channel
    }

    pub(crate) fn is_there(&self) -> bool {
        matches!(*self.line.state.borrow(), State::There(_))
    }

    /// Waits for the connection.
    pub(crate) async fn there(&self) {
        let mut state = self.line.state.subscribe();
        // An error would mean that the sender is gone, and it is ours.
        let _ = state.wait_for(|state| matches!(state, State::There(_))).await;
    }

    /// Changes whenever there may be something new: a notification has come, or a connection was made, and
    /// before that some may have been missed.
    pub(crate) fn wakes(&self) -> watch::Receiver<()> {
        self.line.wakes.subscribe()
    }

    /// Does something on the connection, within the deadline. Where that fails for the connection's sake,
    /// it is taken down for everybody: whoever comes next does not wait for it as well.
    pub(crate) async fn call<T, F>(
        &self,
        work: impl FnOnce(MultiplexedConnection) -> F,
    ) -> Result<T, CallError>
    where
        F: Future<Output = RedisResult<T>>,
    {
        let connection = match &*self.line.state.borrow() {
            State::There(connection) => connection.clone(),
            State::Connecting | State::Lost(_) => return Err(CallError::Away),
        };
        let deadline = self.line.deadline;
        let loss = match timeout(deadline, work(connection.inner)).await {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(error)) if !error.is_io_error() && !error.is_unrecoverable_error() => {
                return Err(CallError::Refused(error));
            }
            Ok(Err(error)) => Loss::Failed(error),
            Err(_) => Loss::Silent(deadline),
        };
        self.line.lose(connection.number, loss);
        Err(CallError::Lost)
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

impl Line {
    /// Takes a connection down, if it is still the one.
    fn lose(&self, number: u64, loss: Loss) {
        self.state.send_if_modified(|state| {
            let is_current = matches!(state, State::There(current) if current.number == number);
            if is_current {
                *state = State::Lost(loss);
            }
            is_current
        });
    }

    fn hear(&self, push: &PushInfo, number: u64) {
        match push.kind {
            PushKind::Message => {
                self.wakes.send_replace(());
            }
            PushKind::Disconnection => self.lose(number, Loss::Closed),
            _ => {}
        }
    }
}

struct Keeper {
    line: Arc<Line>,
    client: Client,
    channel: String,
    at: String,
    said: Reported,
}

/// What the log said last.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reported {
    Nothing,
    There,
    Away,
}

impl Keeper {
    async fn run(mut self) {
        let mut pause = FIRST_PAUSE;
        for number in 0.. {
            let loss = match self.connect(number).await {
                Ok(connection) => {
                    let connection = Connection { inner: connection, number };
                    let (loss, answered) = self.hold(connection).await;
                    if answered >= STEADY {
                        pause = FIRST_PAUSE;
                    }
                    loss
                }
                Err(loss) => loss,
            };
            self.say_away(&loss);
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Makes a connection of which everything works: it is subscribed, and answers as fast as calls need it.
    async fn connect(&self, number: u64) -> Result<MultiplexedConnection, Loss> {
        let line: Weak<Line> = Arc::downgrade(&self.line);
        let hear = move |push: PushInfo| match line.upgrade() {
            Some(line) => {
                line.hear(&push, number);
                Ok(())
            }
            None => Err(push),
        };
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(None)
            .set_push_sender(hear);
        let connecting = async {
            let mut connection =
                self.client.get_multiplexed_async_connection_with_config(&config).await?;
            connection.subscribe(&self.channel).await?;
            RedisResult::Ok(connection)
        };
        let within = timeout(CONNECT_WITHIN, connecting).await;
        let mut connection = within.map_err(|_| Loss::Silent(CONNECT_WITHIN))??;
        ping(&mut connection, self.line.deadline).await?;
        Ok(connection)
    }

    /// Hands the connection out until somebody finds it lost, and gives why and after how many pings.
    async fn hold(&mut self, connection: Connection) -> (Loss, u32) {
        let line = Arc::clone(&self.line);
        let mut state = line.state.subscribe();
        let number = connection.number;
        let mut pinged = connection.inner.clone();
        line.state.send_replace(State::There(connection));
        // After the subscription is there: what comes from now on is heard, what came before is looked up.
        line.wakes.send_replace(());
        let mut answered = 0;
        let pinging = async {
            loop {
                sleep(PING_PERIOD).await;
                match ping(&mut pinged, PING_PERIOD).await {
                    Ok(()) => {
                        answered += 1;
                        self.say_there();
                    }
                    Err(loss) => return loss,
                }
            }
        };
        tokio::select! {
            _ = state.wait_for(|state| !matches!(state, State::There(_))) => {}
            loss = pinging => line.lose(number, loss),
        }
        let loss = match line.state.send_replace(State::Connecting) {
            State::Lost(loss) => loss,
            State::There(_) | State::Connecting => Loss::Closed,
        };
        (loss, answered)
    }

    /// Said of a connection that has held for a moment: one that breaks at the first call, again and again,
    /// fills no log.
    fn say_there(&mut self) {
        if self.said != Reported::There {
            tracing::info!(redis = self.at, "connected to Redis");
            self.said = Reported::There;
        }
    }

    fn say_away(&mut self, loss: &Loss) {
        if self.said != Reported::Away {
            tracing::warn!(redis = self.at, error = %loss, "Redis cannot be reached; retrying");
            self.said = Reported::Away;
        }
    }
}

async fn ping(connection: &mut MultiplexedConnection, within: Duration) -> Result<(), Loss> {
    let ping = redis::cmd("PING");
    timeout(within, ping.exec_async(connection)).await.map_err(|_| Loss::Silent(within))??;
    Ok(())
}
