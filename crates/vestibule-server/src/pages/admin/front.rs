//! The figures of the last days.

use axum::response::Response;
use minijinja::{Value, context};
use vestibule::{
    Problem,
    core::{
        event::EventName,
        renewal::Outcome,
        store::{DayCount, Figures},
    },
};

use super::{Caller, View, chart::Chart};

/// How many days are drawn, today being the last.
const DAYS: i64 = 14;
const DAY: i64 = 24 * 3600;

/// `GET /admin`
pub(super) async fn show(_: Caller, view: View) -> Result<Response, Problem> {
    let site = &view.site;
    // What was noted until now is part of it.
    site.audit.flush().await;
    let today = site.hall.now().seconds().div_euclid(DAY);
    let first = today - DAYS + 1;
    let counts = site.store.event_counts(first, today + 1).await?;
    let figures = site.store.figures(site.hall.now()).await?;
    let charts: Vec<Value> = charts(first).into_iter().map(|chart| chart.drawn(&counts)).collect();
    view.show(
        "admin/front.html",
        context! {
            users => counted(figures.users),
            sessions => counted(figures.sessions),
            waiting => site.store.waiting_feedback().await?,
            charts,
        },
    )
}

fn charts(first_day: i64) -> [Chart; 5] {
    let renewed = |outcome: Outcome| {
        move |count: &DayCount| {
            count.name == EventName::SessionRenewed && count.cause == outcome.name()
        }
    };
    let named = |names: &'static [EventName]| move |count: &DayCount| names.contains(&count.name);
    let chart = |id, title| Chart { id, title, first_day, days: DAYS, series: Vec::new() };
    [
        chart("sign-ins", "Sign-ins").with("Sign-ins", named(&[EventName::AuthnLoginSuccess])),
        chart("failures", "Failed sign-ins")
            .with("Wrong", named(&[EventName::AuthnLoginFail]))
            .with("Held back", named(&[EventName::AuthnLoginLock])),
        chart("renewals", "Renewals")
            .with("First", renewed(Outcome::Advanced))
            .with("At once", renewed(Outcome::RepeatedConcurrent))
            .with("Answer lost", renewed(Outcome::RepeatedLostAnswer)),
        chart("thefts", "Stolen tokens noticed")
            .with("Thefts", named(&[EventName::AuthnTokenReuse])),
        chart("refusals", "Refused requests")
            .with("Not allowed", named(&[EventName::AuthzFail]))
            .with("From elsewhere", named(&[EventName::MaliciousCsrf]))
            .with("Too many", named(&[EventName::ExcessRateLimitExceeded])),
    ]
}

fn counted(number: u64) -> String {
    let most = u64::from(Figures::MOST);
    let text = super::words::grouped(number.min(most));
    if number >= most { format!("{text}+") } else { text }
}
