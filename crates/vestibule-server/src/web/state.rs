//! What all of the site's handlers share.

use std::sync::Arc;

use axum::extract::FromRef;
use vestibule::Vestibule;
use vestibule_site::store::SiteStore;

use crate::{
    config::Settings,
    services::{
        audit::AuditLog, feedback::FeedbackService, files::Files, mail::Mailer, setup::Setup,
    },
    templates::CurrentTemplates,
};

/// The site: the library's `Vestibule`, and what a ready-to-run site needs beside it. Cloning is cheap.
/// A handler takes the part that it uses.
#[derive(Clone, FromRef)]
pub(crate) struct Site {
    pub(crate) auth: Vestibule,
    pub(crate) store: Arc<dyn SiteStore>,
    pub(crate) settings: Arc<Settings>,
    pub(crate) templates: CurrentTemplates,
    pub(crate) setup: Arc<Setup>,
    pub(crate) files: Files,
    pub(crate) audit: AuditLog,
    pub(crate) feedback: Arc<FeedbackService>,
    pub(crate) mailer: Mailer,
}
