//! The figures of the last days.

use axum::response::Response;
use minijinja::{Value, context};
use vestibule::{
    Problem,
    core::{event::EventName, renewal::Outcome},
};
use vestibule_site::store::{DayCount, Figures};

use super::{Caller, View, chart::Chart};
use crate::i18n::Language;

/// How many days are drawn, today being the last.
const DAYS: i64 = 14;
const DAY: i64 = 24 * 3600;

/// `GET /admin`
pub(super) async fn show(_: Caller, view: View) -> Result<Response, Problem> {
    let site = &view.site;
    // What was noted until now is part of it.
    site.audit.catch_up().await;
    let today = site.auth.now().seconds().div_euclid(DAY);
    let first = today - DAYS + 1;
    let counts = site.store.event_counts(first, today + 1).await?;
    let figures = site.store.figures(site.auth.now()).await?;
    let charts: Vec<Value> =
        charts(first).into_iter().map(|chart| chart.drawn(&counts, view.language())).collect();
    view.show(
        "admin/front.html",
        context! {
            users => counted(figures.users, view.language()),
            sessions => counted(figures.sessions, view.language()),
            waiting => site.store.waiting_feedback().await?,
            charts,
        },
    )
}

fn charts(first_day: i64) -> [Chart; 6] {
    let renewed = |outcome: Outcome| {
        move |count: &DayCount| {
            count.name == EventName::SessionRenewed && count.cause == outcome.name()
        }
    };
    let named = |names: &'static [EventName]| move |count: &DayCount| names.contains(&count.name);
    let chart = |id, title| Chart { id, title, first_day, days: DAYS, series: Vec::new() };
    [
        chart("sign-ins", "chart-sign-ins")
            .with("chart-sign-ins", named(&[EventName::AuthnLoginSuccess])),
        chart("failures", "chart-failures")
            .with("chart-failures-wrong", named(&[EventName::AuthnLoginFail]))
            .with("chart-failures-held", named(&[EventName::AuthnLoginLock])),
        chart("sessions", "chart-sessions")
            .with("chart-sessions-begun", named(&[EventName::SessionCreated]))
            .with("chart-sessions-ended", named(&[EventName::SessionLogout])),
        chart("renewals", "chart-renewals")
            .with("chart-renewals-first", renewed(Outcome::Advanced))
            .with("chart-renewals-at-once", renewed(Outcome::RepeatedConcurrent))
            .with("chart-renewals-lost", renewed(Outcome::RepeatedLostAnswer)),
        chart("thefts", "chart-thefts")
            .with("chart-thefts-series", named(&[EventName::AuthnTokenReuse])),
        chart("refusals", "chart-refusals")
            .with("chart-refusals-not-allowed", named(&[EventName::AuthzFail]))
            .with("chart-refusals-elsewhere", named(&[EventName::MaliciousCsrf]))
            .with("chart-refusals-too-many", named(&[EventName::ExcessRateLimitExceeded])),
    ]
}

fn counted(number: u64, language: &Language) -> String {
    let most = u64::from(Figures::MOST);
    let text = language.grouped(number.min(most));
    if number >= most { format!("{text}+") } else { text }
}
