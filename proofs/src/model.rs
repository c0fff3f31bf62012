//! One session, its server, and everybody who holds its tokens.
//!
//! Two tabs share a browser's jar; a thief may copy that jar once, at any moment. Requests and answers are
//! lost, doubled and reordered, the server crashes between its commit and its answer, what it noticed in
//! memory is lost with it or written late, the person signs out at any time, and the clock moves on between
//! any two events. A gateway hands on any part of an answer's cookies, and a node whose clock is wrong takes
//! no access token of the others. The decision is the function that the server runs.
//!
//! What is assumed of the honest: a message is on its way for at most a tick each way, an access token
//! outlives a renewal's way there and back, and nobody renews who holds one that works. Behind a gateway or with
//! a wrong clock it outlives the grace as well.
//!
//! Times are kept as ages, up to where they stop to matter: the clock runs without end, and what is bounded
//! is how often the session is renewed.

use stateright::{Model, Property};
use vestibule_core::{
    renewal::{Decision, PresentedAccess, PresentedTokens, Refusal, Repeat, State},
    session::EndReason,
    time::Timestamp,
};

use crate::rule::{GRACE, Rule, ticks};

pub(crate) const NO_FALSE_THEFT: &str = "nobody honest is taken for a thief";
pub(crate) const NO_HONEST_REFUSAL: &str = "nobody honest is refused while the session lives";
pub(crate) const NOTHING_AFTER_END: &str = "nothing renews after the end";
pub(crate) const ONE_TOKEN: &str = "one generation has one token";
pub(crate) const THIEF_CAUGHT: &str =
    "a thief is caught when the victim comes back, but for what a crash forgot";
pub(crate) const RENEWED_TWICE: &str = "sessions are renewed twice";
pub(crate) const NO_DEEP_REUSE: &str = "a token two generations old buys nothing";

/// How long a message may be on its way, in ticks.
const ON_THE_WAY: u8 = 1;

/// What is explored.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) rule: Rule,
    /// Whether there is a thief.
    pub(crate) thief: bool,
    /// How often the session is renewed at most.
    pub(crate) renewals: u8,
    /// Whether messages are lost.
    pub(crate) losses: bool,
    /// Whether everybody uses what they were given before they renew again.
    pub(crate) everybody_uses: bool,
    /// Whether the person may sign out.
    pub(crate) sign_out: bool,
    /// How many tabs share the jar.
    pub(crate) tabs: u8,
    /// How many messages are doubled.
    pub(crate) doubles: u8,
    /// How often the server crashes.
    pub(crate) crashes: u8,
    /// How long an access token lives, in ticks: longer than any message is on its way there and back.
    pub(crate) access: u8,
    /// Whether a gateway hands on only a part of an answer's cookies, each time another one.
    pub(crate) gateway: bool,
    /// Whether one of the nodes has a wrong clock.
    pub(crate) wrong_clock: bool,
}

/// Everything at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct World {
    row: Row,
    /// What the server has noticed in use and not written yet.
    noticed: u8,
    jar: Tokens,
    stolen: Option<Tokens>,
    messages: Vec<Message>,
    doubles: u8,
    crashes: u8,
    /// The highest generation that anybody ever used, whether or not the server still knows.
    in_use: u8,
    /// How often the server lost what it had noticed.
    forgotten: u8,
    /// How often a predecessor renewed although its successor had been in use when it was sent.
    missed: u8,
    wrong: Option<Wrong>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Row {
    generation: u8,
    seen: u8,
    /// How long ago the current generation was handed out, up to the grace.
    handed_out: u8,
    ended: Option<Ended>,
}

/// How the session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Ended {
    SignedOut,
    Theft,
}

/// What a visitor holds: an access token and a refresh token, for how long the former, and whether they used
/// it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Tokens {
    access: u8,
    refresh: u8,
    age: u8,
    used: bool,
}

impl Tokens {
    /// The generation that the visitor was given last.
    fn given(self) -> u8 {
        self.access.max(self.refresh)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Who {
    FirstTab,
    SecondTab,
    Thief,
}

impl Who {
    fn is_thief(self) -> bool {
        self == Self::Thief
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Message {
    who: Who,
    age: u8,
    content: Content,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Content {
    /// Tokens on their way to the server.
    Ask(Asked),
    /// The server has read the row for them, and goes on later.
    Read { asked: Asked, row: Row, noticed: u8, waited: u8 },
    /// New tokens on their way back: both, or the access token alone.
    Give { generation: u8, whole: bool },
}

/// What is asked for a renewal with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Asked {
    refresh: u8,
    access: u8,
    /// Whether a later generation than the asker was given was in use by then.
    exposed: bool,
    /// Whether it goes to the node with the wrong clock.
    wrong_clock: bool,
}

/// What a gateway hands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Access,
    Refresh,
    Both,
}

/// What must never happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Wrong {
    /// Without a thief a session was ended for theft.
    FalseTheft,
    /// An honest visitor was refused while the session was alive.
    HonestRefused,
    /// A session was renewed after its end.
    RenewedAfterEnd,
    /// One generation had two different tokens.
    Unequal,
    /// A thief and a victim both went on, although the server had noticed enough to tell.
    PatientThief,
    /// A token two generations old bought tokens.
    DeepReuse,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Tick,
    Renew(Who),
    /// At the node with the wrong clock.
    RenewElsewhere(Who),
    Use(Who),
    Steal,
    SignOut,
    Deliver(usize),
    DeliverAndKeep(usize),
    DeliverPart(usize, Part),
    Lose(usize),
    WriteNoticed,
    Crash,
}

impl Model for Setup {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        let row = Row { generation: 1, seen: 0, handed_out: GRACE, ended: None };
        vec![World {
            row,
            noticed: 0,
            // The first access token has just expired.
            jar: Tokens { access: 1, refresh: 1, age: self.access, used: true },
            stolen: None,
            messages: Vec::new(),
            doubles: self.doubles,
            crashes: self.crashes,
            in_use: 1,
            forgotten: 0,
            missed: 0,
            wrong: None,
        }]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        // What is wrong is found: nothing after it matters.
        if world.wrong.is_some() {
            return;
        }
        // A message that has been on its way for its time is delivered or lost before the clock moves on.
        if world.messages.iter().all(|message| message.age < ON_THE_WAY) {
            actions.push(Action::Tick);
        }
        for who in [Who::FirstTab, Who::SecondTab, Who::Thief] {
            let Some(tokens) = world.tokens(who) else { continue };
            if who == Who::SecondTab && self.tabs < 2 {
                continue;
            }
            let expired = tokens.age >= self.access;
            let waits = world.messages.iter().any(|message| message.who == who);
            if expired && !waits && (tokens.used || !self.everybody_uses) {
                actions.push(Action::Renew(who));
            }
            if self.wrong_clock && !waits && (tokens.used || !self.everybody_uses) {
                actions.push(Action::RenewElsewhere(who));
            }
            // The tabs hold the same tokens: it does not matter which of them uses them.
            if !expired && !tokens.used && who != Who::SecondTab {
                actions.push(Action::Use(who));
            }
        }
        if self.thief && world.stolen.is_none() {
            actions.push(Action::Steal);
        }
        if self.sign_out && world.row.ended.is_none() {
            actions.push(Action::SignOut);
        }
        for (index, message) in world.messages.iter().enumerate() {
            actions.push(Action::Deliver(index));
            if self.losses {
                actions.push(Action::Lose(index));
            }
            if self.gateway && matches!(message.content, Content::Give { whole: true, .. }) {
                actions.push(Action::DeliverPart(index, Part::Access));
                actions.push(Action::DeliverPart(index, Part::Refresh));
            }
            let doubled = matches!(message.content, Content::Ask(_) | Content::Give { .. });
            if doubled && world.doubles > 0 {
                actions.push(Action::DeliverAndKeep(index));
            }
        }
        if world.noticed > world.row.seen {
            actions.push(Action::WriteNoticed);
        }
        if world.crashes > 0 {
            actions.push(Action::Crash);
        }
    }

    fn next_state(&self, last: &World, action: Action) -> Option<World> {
        let mut world = last.clone();
        match action {
            Action::Tick => world.tick(self.access),
            Action::Renew(who) => world.ask(who, false)?,
            Action::RenewElsewhere(who) => world.ask(who, true)?,
            Action::Use(who) => {
                let tokens = world.tokens_mut(who)?;
                tokens.used = true;
                let generation = tokens.access;
                if world.row.ended.is_none() {
                    world.in_use = world.in_use.max(generation);
                    world.noticed = world.noticed.max(generation);
                }
            }
            Action::Steal => world.stolen = Some(world.jar),
            Action::SignOut => world.row.ended = Some(Ended::SignedOut),
            Action::Lose(index) => {
                world.messages.remove(index);
            }
            Action::Deliver(index) => {
                let message = world.messages.remove(index);
                self.deliver(&mut world, message, Part::Both);
            }
            Action::DeliverPart(index, part) => {
                let message = world.messages.remove(index);
                self.deliver(&mut world, message, part);
            }
            Action::DeliverAndKeep(index) => {
                world.doubles -= 1;
                let message = world.messages.get(index)?.clone();
                self.deliver(&mut world, message, Part::Both);
            }
            Action::WriteNoticed => world.row.seen = world.row.seen.max(world.noticed),
            Action::Crash => {
                world.crashes -= 1;
                world.forgotten += u8::from(world.noticed > world.row.seen);
                world.noticed = 0;
                world.messages.retain(|message| !matches!(message.content, Content::Read { .. }));
            }
        }
        world.messages.sort();
        Some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(NO_FALSE_THEFT, |_, world: &World| {
                world.wrong != Some(Wrong::FalseTheft)
            }),
            Property::always(NO_HONEST_REFUSAL, |_, world: &World| {
                world.wrong != Some(Wrong::HonestRefused)
            }),
            Property::always(NOTHING_AFTER_END, |_, world: &World| {
                world.wrong != Some(Wrong::RenewedAfterEnd)
            }),
            Property::always(ONE_TOKEN, |_, world: &World| world.wrong != Some(Wrong::Unequal)),
            Property::always(THIEF_CAUGHT, |_, world: &World| {
                world.wrong != Some(Wrong::PatientThief)
            }),
            Property::always(NO_DEEP_REUSE, |_, world: &World| {
                world.wrong != Some(Wrong::DeepReuse)
            }),
            Property::sometimes(RENEWED_TWICE, |_, world: &World| world.row.generation > 2),
        ]
    }

    fn within_boundary(&self, world: &World) -> bool {
        world.row.generation <= self.renewals + 1
    }
}

impl Setup {
    fn deliver(&self, world: &mut World, message: Message, part: Part) {
        match message.content {
            Content::Ask(asked) => {
                // As the server does: what was noticed is looked up before the row is read.
                let (row, noticed) = (world.row, world.noticed);
                let content = Content::Read { asked, row, noticed, waited: 0 };
                world.messages.push(Message { content, ..message });
            }
            Content::Read { asked, row, noticed, waited } => {
                self.decide(world, message.who, asked, (row, waited), noticed);
            }
            Content::Give { generation, whole } => {
                // A cookie that comes late is written over a newer one all the same.
                if let Some(held) = world.tokens_mut(message.who) {
                    if whole && part != Part::Access {
                        held.refresh = generation;
                    }
                    if part != Part::Refresh {
                        (held.access, held.age, held.used) = (generation, 0, false);
                    }
                }
            }
        }
    }

    fn decide(&self, world: &mut World, who: Who, asked: Asked, read: (Row, u8), noticed: u8) {
        let (row, waited) = read;
        let Asked { refresh: presented, access, exposed, wrong_clock } = asked;
        let now = Timestamp::from_seconds(1_000_000);
        let state = State {
            generation: row.generation.into(),
            seen_generation: row.seen.max(noticed).into(),
            oldest_generation: 0,
            handed_out_ago: ticks(row.handed_out),
            waited: ticks(waited),
            expires_at: Timestamp::from_millis(i64::MAX),
            ends_at: Timestamp::from_millis(i64::MAX),
            ended: row.ended.map(|ended| match ended {
                Ended::SignedOut => EndReason::SignedOut,
                Ended::Theft => EndReason::Theft,
            }),
        };
        let tokens = PresentedTokens {
            refresh: presented.into(),
            // Nobody renews who holds one that works.
            access: Some(PresentedAccess { generation: access.into(), works: false }),
        };
        let verdict = self.rule.decide(&state, tokens, now, wrong_clock, ticks(self.access));
        match verdict.decision {
            Decision::Advance => {
                // The compare-and-set: whoever finds the row changed begins anew.
                if world.row.generation != presented || world.row.ended.is_some() {
                    world.send(who, Content::Ask(asked));
                    return;
                }
                world.row.generation += 1;
                world.row.seen = world.row.seen.max(presented);
                world.row.handed_out = 0;
                world.give(who, presented + 1, true, false);
            }
            Decision::Repeat(repeat) => {
                if repeat == Repeat::LostAnswer && self.rule.notes_handouts() {
                    if world.row.generation != row.generation || world.row.ended.is_some() {
                        world.send(who, Content::Ask(asked));
                        return;
                    }
                    world.row.handed_out = 0;
                }
                // What was given is in use.
                if world.row.ended.is_none() {
                    let given = presented.max(access);
                    world.in_use = world.in_use.max(given);
                    world.noticed = world.noticed.max(given);
                }
                if exposed && row.handed_out + waited >= GRACE {
                    world.missed += 1;
                    // What was forgotten in a crash delays the catching by one renewal each time.
                    if world.missed > world.forgotten {
                        world.wrong = Some(Wrong::PatientThief);
                    }
                }
                if presented.max(access) + 1 < row.generation {
                    world.wrong = Some(Wrong::DeepReuse);
                }
                world.give(who, row.generation, repeat != Repeat::Access, verdict.sibling);
            }
            Decision::Theft => {
                if world.row.ended.is_none() {
                    world.row.ended = Some(Ended::Theft);
                    if world.stolen.is_none() {
                        world.wrong = Some(Wrong::FalseTheft);
                    }
                }
            }
            Decision::Refuse(Refusal::Ended(_)) => {}
            Decision::Refuse(_) => {
                if !who.is_thief() {
                    world.wrong = Some(Wrong::HonestRefused);
                }
            }
        }
    }
}

impl World {
    fn tokens(&self, who: Who) -> Option<Tokens> {
        if who.is_thief() { self.stolen } else { Some(self.jar) }
    }

    fn tokens_mut(&mut self, who: Who) -> Option<&mut Tokens> {
        if who.is_thief() { self.stolen.as_mut() } else { Some(&mut self.jar) }
    }

    fn tick(&mut self, access: u8) {
        let older = |age: &mut u8, limit: u8| *age = limit.min(*age + 1);
        older(&mut self.row.handed_out, GRACE);
        older(&mut self.jar.age, access);
        if let Some(stolen) = &mut self.stolen {
            older(&mut stolen.age, access);
        }
        for message in &mut self.messages {
            older(&mut message.age, ON_THE_WAY);
            if let Content::Read { waited, .. } = &mut message.content {
                older(waited, GRACE);
            }
        }
    }

    /// Asks for a renewal with what one holds.
    fn ask(&mut self, who: Who, wrong_clock: bool) -> Option<()> {
        let tokens = self.tokens(who)?;
        let exposed = self.in_use > tokens.given();
        let Tokens { refresh, access, .. } = tokens;
        self.send(who, Content::Ask(Asked { refresh, access, exposed, wrong_clock }));
        Some(())
    }

    fn send(&mut self, who: Who, content: Content) {
        self.messages.push(Message { who, age: 0, content });
    }

    /// Hands out the tokens of a generation.
    fn give(&mut self, who: Who, generation: u8, whole: bool, sibling: bool) {
        if self.row.ended.is_some() && self.row.generation < generation {
            self.wrong = Some(Wrong::RenewedAfterEnd);
        }
        if sibling {
            self.wrong = Some(Wrong::Unequal);
        }
        self.send(who, Content::Give { generation, whole });
    }
}
