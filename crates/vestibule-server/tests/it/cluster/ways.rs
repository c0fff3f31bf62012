//! The way to several nodes, as a balancer makes it.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use vestibule_testkit::{
    site::{Overheard, Secrets},
    visitors::Transport,
};

/// How long a request may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often a request is sent to another node because the connection was refused or broken.
const ATTEMPTS: usize = 50;
const PAUSE: Duration = Duration::from_millis(50);

/// The way to the nodes in turn. Where one cannot be reached, or breaks off before it has answered, the next
/// one is asked, as balancers and apps do; whatever is answered counts.
#[derive(Clone)]
pub(crate) struct Ways(Overheard<InTurn>);

#[derive(Clone)]
struct InTurn {
    nodes: Arc<[SocketAddr]>,
    turn: Arc<AtomicUsize>,
}

impl Ways {
    /// To these nodes. What passes in confidence is noted.
    pub(crate) fn to(nodes: impl Iterator<Item = SocketAddr>, secrets: &Secrets) -> Self {
        let in_turn = InTurn { nodes: nodes.collect(), turn: Arc::default() };
        Self(Overheard::new(in_turn, secrets.clone()))
    }

    /// To one of them alone.
    pub(crate) fn alone(&self, node: usize) -> Self {
        Self::to(std::iter::once(self.0.way().nodes[node]), self.0.secrets())
    }
}

#[async_trait]
impl Transport for Ways {
    async fn send(&self, request: Request<Bytes>) -> Response<Bytes> {
        self.0.send(request).await
    }
}

#[async_trait]
impl Transport for InTurn {
    async fn send(&self, request: Request<Bytes>) -> Response<Bytes> {
        for _ in 0..ATTEMPTS {
            let turn = self.turn.fetch_add(1, Ordering::Relaxed);
            let node = self.nodes[turn % self.nodes.len()];
            let exchange = exchange(node, request.clone());
            let outcome = tokio::time::timeout(PATIENCE, exchange).await;
            if let Some(answer) = outcome.expect("an answer in time") {
                return answer;
            }
            tokio::time::sleep(PAUSE).await;
        }
        panic!("no node answers");
    }
}

/// One exchange; `None` where the connection is refused or broken.
async fn exchange(node: SocketAddr, request: Request<Bytes>) -> Option<Response<Bytes>> {
    let stream = TcpStream::connect(node).await.ok()?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
    tokio::spawn(connection);
    let (parts, body) = sender.send_request(request.map(Full::new)).await.ok()?.into_parts();
    Some(Response::from_parts(parts, body.collect().await.ok()?.to_bytes()))
}
