//! Memory before and after many sign-ins: it may grow by the hashers' blocks, and no more.

use std::time::Duration;

use serde_json::json;

use crate::{
    Outcome,
    client::{Connection, post_json},
    server::{PASSWORD, Server, USER},
};

const SIGN_INS: u32 = 10_000;
const CONNECTIONS: u32 = 32;

pub(crate) async fn run() -> Outcome {
    let folder = tempfile::tempdir()?;
    let (site, _) = Server::site(folder.path()).await?;
    tokio::time::sleep(Duration::from_millis(700)).await;
    let idle = site.memory()?;
    // The first registration loads the words that passwords are held against, and the first hash takes a
    // hasher's memory: neither is the flood's.
    site.access_token().await?;
    let first = site.memory()?;
    let request = post_json("/api/auth/login", &json!({ "login": USER, "password": PASSWORD }));
    let mut workers = Vec::new();
    for _ in 0..CONNECTIONS {
        let (address, request) = (site.address.clone(), request.clone());
        workers.push(tokio::spawn(async move {
            let mut connection = Connection::open(&address).await?;
            let mut tally = Tally::default();
            for _ in 0..SIGN_INS / CONNECTIONS {
                match connection.send(&request).await?.status {
                    200 => tally.served += 1,
                    429 | 503 => tally.refused += 1,
                    status => {
                        return Err(std::io::Error::other(format!(
                            "a sign-in was answered {status}"
                        )));
                    }
                }
            }
            Ok(tally)
        }));
    }
    let mut total = Tally::default();
    for worker in workers {
        let tally = worker.await??;
        total.served += tally.served;
        total.refused += tally.refused;
    }
    println!("flood: {} sign-ins served, {} refused for now", total.served, total.refused);
    println!(
        "flood: {idle:.1} MiB idle, {first:.1} MiB after one registration and sign-in, {:.1} MiB after all (VmRSS)",
        site.memory()?
    );
    Ok(())
}

#[derive(Default)]
struct Tally {
    served: u32,
    refused: u32,
}
