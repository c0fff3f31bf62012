//! `vestibule serve`: the running site.
//!
//! A request's way in, outermost first:
//!
//! | module | what happens there |
//! |---|---|
//! | `connections` | accepted, at most so many at once; TLS; HTTP/1.1 or HTTP/2, each with its limits |
//! | `sending` | whether the client takes what is sent to it |
//! | `wire` | framing on which two readers could disagree is noticed; unread bytes do not cut an answer off |
//! | `web::middleware::frame` | id, host, path, size and time limits; on the way out the headers and the line in the log |
//! | `vestibule` | the library's layer: credentials noted, refusals answered, cookies sent |
//! | `web::middleware::error_layer` | refusals of the outer parts, panics, time, and axum's own refusals become the site's |
//! | the other modules of `web`, and the library's routes | the answer |

mod connections;
mod open_files;
mod reload;
mod sending;
mod stop;
mod tls;
mod waiting;
pub(crate) mod wire;

use std::{fmt::Write as _, net::SocketAddr, sync::Arc, time::Duration};

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use vestibule::{
    AuditSink as _, Config, SystemClock, SystemEntropy, Vestibule,
    core::{event::EventName, id::SessionId, limit::SharedLimits, secret::MadeUnder, store::Store},
};

use crate::{
    bootstrap::{self, Opened},
    config::{Configuration, Origin, Settings, Tls},
    error::CommandError,
    services::{
        audit::AuditLog,
        feedback::FeedbackService,
        files::{self, Cleanup, Files},
        mail::{Mailer, Parts},
        setup::Setup,
    },
    templates::CurrentTemplates,
    terminal::print,
    web::{pages, state::Site},
};

use self::{
    connections::{Admission, Connections},
    reload::{FileStates, Reloadable},
    tls::Https,
};
use crate::{
    blocking,
    log::{self, Format},
    web::{self, metrics::Figures},
};

/// How long running requests may take to end. What comes after it takes less than a second, and the whole
/// stop at most ten.
const DRAIN: Duration = Duration::from_secs(8);
/// How long it may take to write on standard output where the site is.
const BANNER: Duration = Duration::from_secs(1);
/// How long the last writes may take.
const LAST_WRITES: Duration = Duration::from_secs(1);

/// Serves the site until a signal ends it.
///
/// # Errors
/// [`CommandError::Usage`] where the configuration or the database does not allow it,
/// [`CommandError::Failed`] where something in the way does not: another server, a taken port.
pub(crate) async fn run(configuration: Configuration) -> Result<(), CommandError> {
    let Configuration { mut settings, warnings, .. } = configuration;
    let format = if settings.profile.logs_json() { Format::Json } else { Format::Text };
    // Held to the end: what happens there is logged too.
    let _log = log::start(format, "info")?;
    let (mut signals, hangups) = stop::listen()?;
    let most_connections = open_files::make_room();

    // Before anything is counted.
    let figures = match settings.metrics.listen {
        Some(listen) => Some(Figures::open(listen).await?),
        None => None,
    };
    bootstrap::make_data_dir(&settings)?;
    // Held to the end: no other server works on this database meanwhile.
    let lock = bootstrap::lock_for_serving(&settings)?;
    let blobs = files::open_blobs(&settings).await?;
    let secret = bootstrap::site_secret(&settings)?;
    let https = Https::open(&settings)?;
    let acceptor = https.as_ref().map(|https| https.acceptor.clone());
    let listener = listen(&mut settings).await?;

    let settings = Arc::new(settings);
    let templates_seen = FileStates::of(&CurrentTemplates::folders(&settings));
    let templates = CurrentTemplates::load(&settings).map_err(CommandError::Usage)?;
    let opened = {
        let templates = templates.get();
        let opened = waiting::for_store(
            &settings,
            &templates,
            &listener,
            acceptor.as_ref(),
            most_connections,
            &mut signals,
        );
        opened.await?
    };
    let Some(Opened { store, notifier }) = opened else {
        return Ok(());
    };
    let made_under = bootstrap::check_secret(&*store, &secret, &SystemEntropy).await?;
    if made_under == MadeUnder::Previous {
        tracing::info!(
            "the database is still sealed with secret_key_previous; once every node has the new secret, \
             run `vestibule key reseal`"
        );
    }
    files::settle_at_start(&blobs, &*store, &settings).await?;
    let clock = SystemClock::start();
    let redis = bootstrap::open_redis(&settings)?;
    let limits: Option<Arc<dyn SharedLimits>> = match &redis {
        Some(redis) => Some(Arc::new(redis.limits(&secret, &SystemEntropy))),
        None => None,
    };
    let mailer = Mailer::start(Parts {
        settings: &settings,
        secret: &secret,
        templates: templates.clone(),
        store: Arc::clone(&store),
        clock: Arc::new(clock),
        entropy: Arc::new(SystemEntropy),
        limits: limits.clone(),
    })?;
    let audit = AuditLog::start(
        Arc::clone(&store),
        Arc::new(clock),
        settings.audit.keep,
        // What this node calls itself towards the others.
        SessionId::draw(&SystemEntropy).to_string(),
    );
    let mut builder = Vestibule::builder_over(Arc::clone(&store) as Arc<dyn Store>);
    // Redis wakes nodes without a lock of the whole database, so where it is there it does.
    builder = match (redis, notifier) {
        (Some(redis), _) => builder.feed_notifier(redis.notifier()),
        (None, Some(notifier)) => builder.feed_notifier(notifier),
        (None, None) => builder,
    };
    if let Some(limits) = &limits {
        builder = builder.shared_limits(Arc::clone(limits));
    }
    let auth = builder
        .config(Config {
            locales: templates.get().texts().locales().to_vec(),
            ..bootstrap::auth_config(&settings, secret)?
        })
        .clock(clock)
        .notifier(mailer.clone())
        .audit(audit.clone())
        .on_problem({
            let (templates, settings) = (templates.clone(), Arc::clone(&settings));
            move |problem, visit| pages::on_problem(&templates.get(), &settings, problem, visit)
        })
        .build()
        .await
        .map_err(build_error)?;
    let files = Files::new(
        auth.clone(),
        Arc::clone(&store),
        blobs,
        &settings.files,
        limits.clone(),
        Arc::new(clock),
    );
    let feedback = Arc::new(FeedbackService::new(
        &settings,
        limits,
        Arc::new(clock),
        mailer.clone(),
        auth.clone(),
    ));
    let setup = if auth.users().has_super_user().await? {
        Setup::closed()
    } else {
        Setup::open(&SystemEntropy)
    };
    let setup = Arc::new(setup);
    let site = Site {
        auth: auth.clone(),
        settings,
        templates,
        setup,
        store,
        files,
        audit,
        feedback,
        mailer,
    };

    announce(&site, &warnings, figures.as_ref().and_then(Figures::address)).await;
    let stop = CancellationToken::new();
    if let Some(figures) = figures {
        figures.serve(stop.clone());
    }
    Cleanup::new(&site.files, &auth).start(stop.clone());
    let certificate = https.as_ref().and_then(Https::reloadable);
    let reloadable = certificate.into_iter().chain(reloadable_templates(&site, templates_seen));
    tokio::spawn(reload::follow(reloadable.collect(), hangups, stop.clone()));
    let trusted_proxies = site.settings.trusted_proxies.clone();
    let admission = Admission { most: most_connections, trusted_proxies };
    let connections = Connections::new(acceptor, web::service(&site), stop.clone(), admission);
    tokio::select! {
        () = connections.accept(&listener) => {}
        signal = signals.next() => tracing::info!(signal, "shutting down; waiting for running requests"),
    }
    // Nobody waits in a queue that is never served.
    drop(listener);
    stop.cancel();
    let ended = async {
        connections.ended().await;
        // Some clients may have left before what they began was done.
        auth.settled().await;
    };
    tokio::select! {
        drained = tokio::time::timeout(DRAIN, ended) => if drained.is_err() {
            tracing::warn!("aborted requests that took too long");
        },
        signal = signals.next() => tracing::warn!(signal, "shutting down at once"),
    }
    auth.record(auth.event(EventName::SysShutdown), "the server has stopped");
    let (seen, mails, events, noted) = tokio::join!(
        tokio::time::timeout(LAST_WRITES, auth.flush()),
        tokio::time::timeout(LAST_WRITES, site.mailer.flush()),
        tokio::time::timeout(LAST_WRITES, site.audit.flush()),
        tokio::time::timeout(LAST_WRITES, site.files.note_history()),
    );
    if !matches!(noted, Ok(Ok(()))) {
        tracing::debug!("could not record the database position beside the files");
    }
    if seen.is_err() {
        tracing::warn!("could not store when sessions were last used");
    }
    if mails.is_err() {
        tracing::warn!("could not store the last mails");
    }
    if events.is_err() {
        tracing::warn!("could not store the last audit events");
    }
    drop(lock);
    Ok(())
}

/// The owner's templates and texts, if there are any.
fn reloadable_templates(site: &Site, seen: FileStates) -> Option<Reloadable> {
    let paths = CurrentTemplates::folders(&site.settings);
    let templates = site.templates.clone();
    (!paths.is_empty()).then(|| Reloadable {
        what: "templates and texts",
        paths,
        seen,
        reload: Box::new(move || templates.reload()),
    })
}

/// Binds the listener. A port that the system chose becomes part of the settings.
async fn listen(settings: &mut Settings) -> Result<TcpListener, CommandError> {
    let wanted = settings.listen;
    let refused = |error: std::io::Error| {
        CommandError::Failed(if error.kind() == std::io::ErrorKind::AddrInUse {
            format!(
                "port {} is already in use; stop the other program, or set `listen` to another address",
                wanted.port()
            )
        } else {
            format!("cannot listen on {wanted} ({error}); set `listen` to another address")
        })
    };
    let listener = TcpListener::bind(wanted).await.map_err(refused)?;
    let bound = listener.local_addr().map_err(refused)?;
    if bound != wanted {
        settle_port(settings, bound);
    }
    Ok(listener)
}

/// What followed from `listen` follows from the port that was really bound.
fn settle_port(settings: &mut Settings, bound: SocketAddr) {
    settings.listen = bound;
    let real = Origin::of_listener(bound, settings.tls != Tls::Off);
    let (false, Some(real)) = (settings.public_url_given, real) else { return };
    let before = std::mem::replace(&mut settings.public_url, real).to_string();
    for name in [&mut settings.tokens.issuer, &mut settings.tokens.audience] {
        if *name == before {
            *name = settings.public_url.to_string();
        }
    }
}

/// Says on standard output where the site is, and in the log that it has started. The link for the first
/// super user is for the person at the terminal alone: no log keeps it. A site whose standard output nobody
/// takes is served all the same.
async fn announce(site: &Site, warnings: &[String], figures: Option<SocketAddr>) {
    let Settings { profile, public_url, listen, .. } = &*site.settings;
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    let version = env!("CARGO_PKG_VERSION");
    let startup = site.auth.event(EventName::SysStartup).with("version", version);
    tracing::info!(
        event = startup.name.name(),
        address = %public_url,
        listen = %listen,
        profile = %profile,
        version,
        "the server is running"
    );
    site.audit.note(startup);
    let mut banner = format!(
        "{} (Vestibule {}, profile {profile})\nListening on {}\n",
        site.settings.site_name,
        env!("CARGO_PKG_VERSION"),
        listened(&site.settings),
    );
    if site.settings.public_url_given {
        // Writing to a string cannot fail.
        let _ = writeln!(banner, "Public URL: {public_url}");
    }
    if let Some(address) = figures {
        let _ = writeln!(banner, "Metrics at http://{address}/metrics");
    }
    if let Some(link) = site.setup.link() {
        let _ = writeln!(
            banner,
            "There is no super user yet. Create one here; the link works once:\n  {public_url}{link}"
        );
    }
    // A pipe that is full keeps its writer waiting.
    let printed = blocking::run(move || print(&banner));
    let trouble = match tokio::time::timeout(BANNER, printed).await {
        Ok(Ok(Ok(()))) => return,
        Ok(Ok(Err(error)) | Err(error)) => error.to_string(),
        Err(_) => "nothing reads it".to_owned(),
    };
    tracing::warn!(
        "cannot write to standard output ({trouble}): it does not show the address of the site and the \
         link for the first super user"
    );
}

/// The address of the listener as a browser on this machine takes it.
fn listened(settings: &Settings) -> String {
    let is_https = settings.tls != Tls::Off;
    match Origin::of_listener(settings.listen, is_https) {
        Some(origin) if settings.listen.ip().is_unspecified() => {
            format!("{origin} (all interfaces, {})", settings.listen)
        }
        Some(origin) => origin.to_string(),
        None => settings.listen.to_string(),
    }
}

fn build_error(error: vestibule::BuildError) -> CommandError {
    match error {
        // The keys in the store were made under another secret or by another version.
        vestibule::BuildError::Keys(vestibule::KeyRingError::Ring(_))
        | vestibule::BuildError::Secret(vestibule::SecretError::Wrong(_))
        | vestibule::BuildError::NoConfig => CommandError::Usage(error.to_string()),
        _ => CommandError::Failed(error.to_string()),
    }
}

#[cfg(test)]
mod tests;
