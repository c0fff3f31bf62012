//! What a crash leaves behind.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use vestibule_testkit::{
    visitors::{App, Visitor as _},
    wait,
};

use crate::test_app::{PASSWORD, create_user, place, serve, serve_again};

const CLIENTS: usize = 8;
/// Renewals, all clients together, between two crashes.
const RENEWALS: usize = 200;

#[tokio::test]
async fn after_a_crash_amid_renewals_every_client_goes_on() {
    let place = place();
    create_user(&place, "ada", &[]);
    let mut site = serve(&place);
    let apps: Vec<App> = (0..CLIENTS).map(|_| site.app()).collect();
    for app in &apps {
        assert_eq!(app.sign_in("ada", PASSWORD).await.status, 200);
    }
    let leaver = site.app();
    leaver.sign_in("ada", PASSWORD).await;
    assert_eq!(leaver.sign_out().await.status, 204);

    for round in 0..3 {
        let renewed = Arc::new(AtomicUsize::new(0));
        let refused = Arc::new(Mutex::new(Vec::new()));
        let clients: Vec<_> = apps
            .iter()
            .map(|app| {
                let (app, renewed, refused) =
                    (app.clone(), Arc::clone(&renewed), Arc::clone(&refused));
                // Ends with the panic of a visitor that gets no answer, when the site is gone.
                tokio::spawn(async move {
                    loop {
                        let answer = app.refresh().await;
                        if answer.status != 200 {
                            refused.lock().unwrap().push(answer.verdict());
                        }
                        renewed.fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        let enough = async || (renewed.load(Ordering::Relaxed) >= RENEWALS).then_some(());
        wait::until_async(Duration::from_secs(20), enough).await.expect("renewals");
        let address = site.address();
        site.kill();
        for client in clients {
            let _ = client.await;
        }
        assert_eq!(*refused.lock().unwrap(), [], "round {round}");

        site = serve_again(&place, address);
        for app in &apps {
            let answer = app.refresh().await;
            assert_eq!(answer.status, 200, "round {round}: {}", answer.text());
            assert_eq!(app.get("/api/auth/me").await.status, 200);
        }
        assert_eq!(leaver.refresh().await.verdict(), (401, "session_ended".into()));
        assert_eq!(leaver.get("/api/auth/me").await.verdict(), (401, "token_revoked".into()));
    }
}
