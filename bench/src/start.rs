//! Start-up time with an existing database, and idle memory.

use std::time::Duration;

use crate::{Outcome, median, server::Server};

const STARTS: usize = 7;

pub(crate) async fn run() -> Outcome {
    let folder = tempfile::tempdir()?;
    drop(Server::site(folder.path()).await?);
    let (mut times, mut memories) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        // The one before is ended by now and has let go of the database.
        tokio::time::sleep(Duration::from_millis(300)).await;
        let (site, time) = Server::site(folder.path()).await?;
        times.push(time.as_secs_f64() * 1000.0);
        tokio::time::sleep(Duration::from_millis(700)).await;
        memories.push(site.memory()?);
    }
    println!(
        "start: {:.0} ms until the first answer, existing database (median of {STARTS})",
        median(&mut times)
    );
    println!("start: {:.1} MiB idle (VmRSS, median of {STARTS})", median(&mut memories));
    Ok(())
}
