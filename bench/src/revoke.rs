//! Three nodes on one PostgreSQL: sessions are ended on one, and the others are asked until they refuse.

use std::{io, time::Duration};

use crate::{
    Outcome,
    client::{Connection, post_with_bearer},
    server::{Server, now},
    stores::{Kind, Surroundings},
};

const SESSIONS: usize = 1000;
/// At once, so that the feed carries more than one change at a time.
const WORKERS: usize = 8;
/// A node that does not refuse by then never will.
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) async fn run() -> Outcome {
    let surroundings = Surroundings::of(Kind::Postgres)?;
    let first = surroundings.serve().await?;
    let others = [surroundings.serve().await?, surroundings.serve().await?];
    println!("revoke: signing in {SESSIONS} times on the first of three nodes");
    let mut sessions = sign_in(&first, SESSIONS).await?;
    let cut_off = sessions.split_off(SESSIONS - SESSIONS / 10);

    let mut waits = end_all(&first, &others, sessions).await?;
    waits.sort_unstable();
    let at = |share: usize| {
        let place = waits.len().saturating_sub(1) * share / 100;
        waits.get(place).copied().unwrap_or_default().as_secs_f64() * 1000.0
    };
    println!(
        "revoke: {} refusals by the other nodes after the end was answered: p50 {:.1} ms, p99 {:.1} ms, max {:.1} ms",
        waits.len(),
        at(50),
        at(99),
        at(100)
    );

    // The connections that listen are cut while sessions end: what was not heard is found by reading.
    let cut =
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query ILIKE 'listen%'";
    let postgres = surroundings.postgres().ok_or("there is a PostgreSQL")?;
    let cutting = async {
        let cuts = postgres.sql("postgres", cut);
        println!(
            "revoke: {cuts} listening connections cut while {} more sessions end",
            cut_off.len()
        );
    };
    let ((), missed) = tokio::join!(cutting, end_all(&first, &others, cut_off.clone()));
    println!(
        "revoke: after the cut the slowest refusal took {:.1} ms; none was missed",
        missed?.into_iter().max().unwrap_or_default().as_secs_f64() * 1000.0
    );
    Ok(())
}

async fn sign_in(node: &Server, count: usize) -> Result<Vec<String>, Box<dyn std::error::Error>> {
    let mut sessions = Vec::with_capacity(count);
    for _ in 0..count {
        sessions.push(node.sign_in().await?.access);
    }
    Ok(sessions)
}

/// Ends each session on the first node, and says how long each of the others took to refuse it.
///
/// # Errors
/// Where the first node itself still accepts one, or another never refuses it.
async fn end_all(
    first: &Server,
    others: &[Server; 2],
    sessions: Vec<String>,
) -> Result<Vec<Duration>, Box<dyn std::error::Error>> {
    let mut workers = Vec::new();
    for chunk in sessions.chunks(sessions.len().div_ceil(WORKERS)) {
        let sessions = chunk.to_vec();
        let addresses = [&first.address, &others[0].address, &others[1].address].map(Clone::clone);
        workers.push(tokio::spawn(async move { end_some(addresses, sessions).await }));
    }
    let mut waits = Vec::new();
    for worker in workers {
        waits.extend(worker.await??);
    }
    Ok(waits)
}

async fn end_some(
    [first, second, third]: [String; 3],
    sessions: Vec<String>,
) -> io::Result<Vec<Duration>> {
    let mut here = Connection::open(&first).await?;
    let mut there = [Connection::open(&second).await?, Connection::open(&third).await?];
    let mut waits = Vec::new();
    for access in sessions {
        let me = format!(
            "GET /api/auth/me HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {access}\r\n\r\n"
        );
        for node in &mut there {
            if node.send(me.as_bytes()).await?.status != 200 {
                return Err(io::Error::other("a session was refused before it was ended"));
            }
        }
        let end = here.send(&post_with_bearer("/api/auth/logout", &access)).await?;
        if end.status != 204 {
            return Err(io::Error::other(format!("an end was answered {}", end.status)));
        }
        let ended = now();
        if here.send(me.as_bytes()).await?.status != 401 {
            return Err(io::Error::other("the node that ended a session still accepts it"));
        }
        let [one, other] = &mut there;
        let (one, other) = tokio::join!(refused(one, &me, ended), refused(other, &me, ended));
        waits.extend([one?, other?]);
    }
    Ok(waits)
}

async fn refused(
    node: &mut Connection,
    me: &str,
    ended: std::time::Instant,
) -> io::Result<Duration> {
    loop {
        match node.send(me.as_bytes()).await?.status {
            401 => return Ok(ended.elapsed()),
            200 if ended.elapsed() < PATIENCE => {}
            200 => return Err(io::Error::other("a node never heard of an end")),
            status => return Err(io::Error::other(format!("a node answered {status}"))),
        }
    }
}
