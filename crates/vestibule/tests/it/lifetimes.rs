//! Lifetimes that were changed between two starts: what was made under the old ones lives no longer than what is
//! made under the new ones, and what was ended stays ended.

use std::time::Duration;

use http::Method;
use vestibule::{Carrier, Config};
use vestibule_testkit::{
    both_carriers,
    visitors::{request, with},
};

use crate::site::{ORIGIN, Site, claims, refresh_at};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// The site after a restart with another configuration.
async fn restarted(site: &Site, configure: impl FnOnce(&mut Config)) -> Site {
    let config = |own: &mut Config| {
        *own = site.auth.config().clone();
        configure(own);
    };
    Site::on(site.store.clone(), site.clock.clone(), config, |builder| builder).await
}

async fn with_access_tokens_of(site: &Site, seconds: u64) -> Site {
    restarted(site, |config| config.lifetimes.access = Duration::from_secs(seconds)).await
}

async fn by_access(site: &Site, token: &str) -> (u16, String) {
    let bearer = format!("Bearer {token}");
    site.anonymous().get_with("/api/thing", &[("authorization", &bearer)]).await.verdict()
}

/// Signed out under another life of access tokens, and asked after every minute of the longer one.
async fn a_revoked_token_stays_revoked(carrier: Carrier, lives: &[u64]) {
    let mut site = with_access_tokens_of(&Site::new().await, lives[0]).await;
    site.add_user("anna").await;
    let visitor = site.signed_in(carrier).await;
    let access = visitor.access_token().unwrap();
    let (refresh, csrf) = (visitor.refresh_token().unwrap(), site.csrf_of(&*visitor));
    for (number, life) in lives.iter().enumerate().skip(1) {
        site = with_access_tokens_of(&site, *life).await;
        if number == 1 {
            let holder = site.visitor(carrier);
            holder.hold(Some(&access), Some(&refresh));
            let sign_out = request(Method::POST, "/api/auth/logout", None);
            let sign_out = with(sign_out, "origin", ORIGIN);
            let sign_out = with(sign_out, "x-csrf-token", csrf.as_deref().unwrap_or_default());
            assert_eq!(holder.send(sign_out).await.status, 204);
        }
        for _ in 0..3 {
            site.pass(MINUTE);
            let (status, code) = by_access(&site, &access).await;
            assert!(status == 401 && code.starts_with("token_"), "{life}: {status} {code}");
        }
        let answer = refresh_at(site.transport(), carrier, &refresh, csrf.clone()).await;
        assert_eq!(answer.verdict(), (401, "session_ended".to_owned()));
    }
}

/// The node remembers who was signed out for as long as a token of its own lives.
async fn shorter_access_tokens_bring_nobody_back(carrier: Carrier) {
    a_revoked_token_stays_revoked(carrier, &[HOUR, MINUTE]).await;
    a_revoked_token_stays_revoked(carrier, &[DAY, 1]).await;
}

async fn longer_access_tokens_bring_nobody_back(carrier: Carrier) {
    a_revoked_token_stays_revoked(carrier, &[MINUTE, HOUR]).await;
    a_revoked_token_stays_revoked(carrier, &[HOUR, MINUTE, HOUR, DAY]).await;
}

/// Nobody is signed out by it: a token that counts as expired is renewed.
async fn a_token_of_before_counts_by_the_new_life(carrier: Carrier) {
    let before = with_access_tokens_of(&Site::new().await, HOUR).await;
    before.add_user("anna").await;
    let visitor = before.signed_in(carrier).await;
    let access = visitor.access_token().unwrap();
    let site = with_access_tokens_of(&before, 2 * MINUTE).await;
    assert_eq!(by_access(&site, &access).await.0, 200);
    site.pass(2 * MINUTE + 4);
    assert_eq!(by_access(&site, &access).await.0, 200, "the leeway");
    site.pass(1);
    assert_eq!(by_access(&site, &access).await, (401, "token_expired".to_owned()));
    let (refresh, csrf) = (visitor.refresh_token().unwrap(), site.csrf_of(&*visitor));
    let answer = refresh_at(site.transport(), carrier, &refresh, csrf).await;
    assert_eq!(answer.status, 200);
}

async fn a_refresh_token_of_before_counts_by_the_new_life(carrier: Carrier) {
    for (change, life) in [(refresh as fn(&mut Config), HOUR), (session as fn(&mut Config), HOUR)] {
        for (wait, expected) in [(life - 1, 200), (life, 401)] {
            let before = Site::new().await;
            let user = before.add_user("anna").await;
            let visitor = before.signed_in(carrier).await;
            let (refresh, csrf) = (visitor.refresh_token().unwrap(), before.csrf_of(&*visitor));
            let site = restarted(&before, change).await;
            site.pass(wait);
            let listed = site.auth.sessions_of(user.id, None).await.unwrap().sessions;
            assert_eq!(listed[0].over(site.auth.now()).is_none(), expected == 200);
            let answer = refresh_at(site.transport(), carrier, &refresh, csrf).await;
            assert_eq!(answer.status, expected, "{wait}");
            if expected == 401 {
                assert_eq!(answer.code(), "session_ended");
            }
        }
    }
}

fn refresh(config: &mut Config) {
    config.lifetimes.refresh = Duration::from_secs(HOUR);
}

fn session(config: &mut Config) {
    config.lifetimes.session = Duration::from_secs(HOUR);
}

/// Fresh for an hour, said the token; ten minutes, says the site now.
async fn freshness_of_before_counts_by_the_new_one(carrier: Carrier) {
    let hour = Duration::from_secs(HOUR);
    let long =
        |config: &mut Config| (config.lifetimes.access, config.lifetimes.fresh) = (hour, hour);
    let before = restarted(&Site::new().await, long).await;
    before.add_user("anna").await;
    let visitor = before.signed_in(carrier).await;
    let access = visitor.access_token().unwrap();
    let fresh = claims(&access)["fresh"].as_i64().unwrap();
    assert_eq!(fresh, claims(&access)["auth_time"].as_i64().unwrap() + 3600);
    let ten = |config: &mut Config| config.lifetimes.fresh = Duration::from_secs(10 * MINUTE);
    let site = restarted(&before, ten).await;
    let ask = async || {
        let bearer = format!("Bearer {access}");
        site.anonymous().get_with("/api/secret", &[("authorization", &bearer)]).await.verdict()
    };
    site.pass(10 * MINUTE - 1);
    assert_eq!(ask().await.0, 200);
    site.pass(1);
    assert_eq!(ask().await, (401, "fresh_token_required".to_owned()));
}

both_carriers!(
    shorter_access_tokens_bring_nobody_back,
    longer_access_tokens_bring_nobody_back,
    a_token_of_before_counts_by_the_new_life,
    a_refresh_token_of_before_counts_by_the_new_life,
    freshness_of_before_counts_by_the_new_one,
);
