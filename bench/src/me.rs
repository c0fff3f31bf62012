//! Verification on the request path: the site against a bare route, in turns.

use std::time::Duration;

use crate::{
    Outcome,
    client::Connection,
    median,
    server::{Server, now},
};

const ROUNDS: usize = 9;
const ROUND: Duration = Duration::from_secs(2);
const CONNECTIONS: usize = 16;

pub(crate) async fn run() -> Outcome {
    let folder = tempfile::tempdir()?;
    let (site, _) = Server::site(folder.path()).await?;
    let bare = Server::bare().await?;
    let token = site.access_token().await?;
    let request = format!(
        "GET /api/auth/me HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n"
    );
    load(&site, &request, Duration::from_millis(500)).await?;
    load(&bare, &request, Duration::from_millis(500)).await?;

    let (mut by_rate, mut by_processor) = (Vec::new(), Vec::new());
    let (mut site_rates, mut bare_rates) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let of_site = load(&site, &request, ROUND).await?;
        let of_bare = load(&bare, &request, ROUND).await?;
        by_rate.push(of_site.rate / of_bare.rate);
        by_processor.push(of_bare.processor / of_site.processor);
        site_rates.push(of_site.rate);
        bare_rates.push(of_bare.rate);
    }
    println!(
        "me: {:.0} requests/s, bare axum {:.0} requests/s (medians of {ROUNDS} rounds, {CONNECTIONS} connections)",
        median(&mut site_rates),
        median(&mut bare_rates),
    );
    println!(
        "me: ratio {:.2} by requests/s, {:.2} by processor time of the server for each request",
        median(&mut by_rate),
        median(&mut by_processor),
    );
    Ok(())
}

struct Load {
    /// Requests each second.
    rate: f64,
    /// Processor seconds of the server for each request.
    processor: f64,
}

async fn load(
    server: &Server,
    request: &str,
    time: Duration,
) -> Result<Load, Box<dyn std::error::Error>> {
    let processor_before = server.processor_time()?;
    let started = now();
    let workers: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let (address, request) = (server.address.clone(), request.to_owned());
            tokio::spawn(async move {
                let mut connection = Connection::open(&address).await?;
                let mut answered = 0u32;
                while started.elapsed() < time {
                    if connection.send(request.as_bytes()).await?.status != 200 {
                        return Err(std::io::Error::other("an answer was not 200"));
                    }
                    answered += 1;
                }
                Ok(answered)
            })
        })
        .collect();
    let mut answered = 0.0;
    for worker in workers {
        answered += f64::from(worker.await??);
    }
    let seconds = started.elapsed().as_secs_f64();
    Ok(Load {
        rate: answered / seconds,
        processor: (server.processor_time()? - processor_before) / answered,
    })
}
