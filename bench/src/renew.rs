//! Durable renewals: 64 sessions at once, each asking for its next tokens as soon as it has the last.

use std::time::{Duration, Instant};

use crate::{
    Outcome,
    client::{Connection, post_with_bearer},
    server::{Server, Tokens, now},
    stores::{Kind, Surroundings},
};

const SESSIONS: usize = 64;
const WARM_UP: Duration = Duration::from_secs(2);
const MEASURED: Duration = Duration::from_secs(10);

pub(crate) async fn run() -> Outcome {
    for kind in Kind::ALL {
        let surroundings = Surroundings::of(kind)?;
        let site = surroundings.serve().await?;
        let mut waits = measure(&site).await?;
        waits.sort_unstable();
        #[expect(clippy::cast_precision_loss, reason = "far fewer than a float can count")]
        let rate = waits.len() as f64 / MEASURED.as_secs_f64();
        let at = |share: usize| {
            let place = waits.len().saturating_sub(1) * share / 100;
            waits.get(place).copied().unwrap_or_default().as_secs_f64() * 1000.0
        };
        println!(
            "renew on {kind}: {rate:.0} renewals/s with {SESSIONS} sessions at once; p50 {:.1} ms, p99 {:.1} ms",
            at(50),
            at(99)
        );
        println!(
            "renew on {kind}: the site took {:.2} processor seconds per 1,000 renewals",
            site.processor_time()? / (rate * (MEASURED + WARM_UP).as_secs_f64()) * 1000.0
        );
    }
    Ok(())
}

/// How long each renewal of the measured time took.
async fn measure(site: &Server) -> Result<Vec<Duration>, Box<dyn std::error::Error>> {
    let mut sessions = Vec::new();
    for _ in 0..SESSIONS {
        sessions.push(site.sign_in().await?);
    }
    let begins = now() + WARM_UP;
    let mut workers = Vec::new();
    for tokens in sessions {
        let address = site.address.clone();
        workers.push(tokio::spawn(async move {
            renew(&address, tokens, begins).await.map_err(|error| error.to_string())
        }));
    }
    let mut waits = Vec::new();
    for worker in workers {
        waits.extend(worker.await??);
    }
    Ok(waits)
}

async fn renew(
    address: &str,
    mut tokens: Tokens,
    begins: Instant,
) -> Result<Vec<Duration>, Box<dyn std::error::Error>> {
    let mut connection = Connection::open(address).await?;
    let mut waits = Vec::new();
    loop {
        let sent = now();
        if sent >= begins + MEASURED {
            return Ok(waits);
        }
        let request = post_with_bearer("/api/auth/refresh", &tokens.refresh);
        tokens = Tokens::of(&connection.send(&request).await?)?;
        if sent >= begins {
            waits.push(sent.elapsed());
        }
    }
}
