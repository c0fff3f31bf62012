//! Thieves: somebody copies a refresh token and uses it. When are they caught?
//!
//! The library itself, with a clock that is moved: a day passes at once. The victim does something every five
//! minutes and renews when the access token has expired, as every browser and app does. The copy is made right
//! after such a renewal, of the refresh token alone.

mod drill;
mod stage;
#[cfg(test)]
mod tests;

use std::{fmt::Write as _, time::Duration};

use vestibule_testkit::visitors::Carrier;

use self::drill::{Drill, Found, Thief, Victim, Who};
use crate::Outcome;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// Runs all drills and prints what came of each; says whether all is as it is promised.
pub(crate) async fn run() -> Outcome<bool> {
    let mut table = String::from(
        "| who was copied | the thief | caught | the victim's renewals until then | the thief's | after the copy | after the first use |\n\
         |---|---|---|---|---|---|---|\n",
    );
    let mut surprises = 0;
    for (drill, expected) in all() {
        let found = drill.run().await?;
        // Writing to a string cannot fail.
        let _ = writeln!(table, "{}", line(&drill, &found));
        if found.caught_by != expected {
            surprises += 1;
            let _ = writeln!(table, "NOT WELL: {expected:?} was expected");
        }
    }
    println!("{table}");
    println!("{}", if surprises == 0 { "all is as promised" } else { "failed" });
    Ok(surprises == 0)
}

/// Every drill, and by whose request the thief is to be caught.
fn all() -> Vec<(Drill, Option<Who>)> {
    let mut drills = Vec::new();
    for carrier in [Carrier::Cookie, Carrier::Header] {
        let mut drill = |thief, victim, expected| {
            drills.push((Drill { carrier, thief, victim }, expected));
        };
        let once = |after| Thief::Once { after, uses: true };
        let (by_victim, by_thief) = (Some(Who::Victim), Some(Who::Thief));
        drill(once(5 * SECOND), Victim::Busy, by_victim);
        drill(once(5 * MINUTE), Victim::Busy, by_victim);
        drill(once(24 * HOUR), Victim::Busy, by_thief);
        drill(once(5 * MINUTE), Victim::Away(8 * HOUR), by_victim);
        drill(Thief::Following { later: MINUTE }, Victim::Busy, by_thief);
        // What is documented as what the rule cannot do.
        drill(Thief::Following { later: 5 * SECOND }, Victim::Busy, None);
        drill(Thief::Following { later: MINUTE }, Victim::Terse, None);
        drill(Thief::Once { after: 5 * MINUTE, uses: false }, Victim::Busy, None);
    }
    drills
}

fn line(drill: &Drill, found: &Found) -> String {
    let who = match drill.carrier {
        Carrier::Cookie => "browser",
        Carrier::Header => "app",
    };
    let thief = match drill.thief {
        Thief::Once { after, uses: true } => format!("renews once, {} after the copy", told(after)),
        Thief::Once { after, uses: false } => {
            format!("renews once, {} after the copy, and uses nothing of it", told(after))
        }
        Thief::Following { later } => {
            format!("renews {} after each renewal of the victim", told(later))
        }
    };
    let victim = match drill.victim {
        Victim::Busy => String::new(),
        Victim::Away(time) => format!("; the victim is away for {}", told(time)),
        Victim::Terse => "; each of the victim's visits is one single request".to_owned(),
    };
    let caught = match found.caught_by {
        Some(Who::Victim) => "by the victim's next renewal",
        Some(Who::Thief) => "by the thief's own request",
        None => "not",
    };
    let Found { victims, thiefs, .. } = found;
    let (after_copy, after_use) = (told(found.after_copy), told(found.after_first_use));
    let watched = if found.caught_by.is_none() { "watched for " } else { "" };
    format!(
        "| {who} | {thief}{victim} | {caught} | {victims} | {thiefs} | {watched}{after_copy} | {after_use} |"
    )
}

/// A time as people say it.
fn told(time: Duration) -> String {
    let seconds = time.as_secs();
    let parts = [(seconds / 3600, "h"), (seconds % 3600 / 60, "min"), (seconds % 60, "s")];
    let parts: Vec<String> = parts
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, unit)| format!("{number} {unit}"))
        .collect();
    if parts.is_empty() { "at once".to_owned() } else { parts.join(" ") }
}
