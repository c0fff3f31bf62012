//! Handing mails over to a mail server (RFC 5321).

use std::time::Duration;

use lettre::{
    Address,
    address::Envelope,
    transport::smtp::{
        Error,
        authentication::{Credentials, DEFAULT_MECHANISMS},
        client::{AsyncSmtpConnection, TlsParameters},
        extension::ClientId,
    },
};
use vestibule::core::outbox::Failure;

use super::{message::Sender, trouble::Trouble};
use crate::{
    commands::CommandError,
    config::{MailServer, MailTls, Settings},
};

/// Within this time the server is reached.
const CONNECT_WITHIN: Duration = Duration::from_secs(15);
/// How long a server may take to say farewell.
const CLOSE_WITHIN: Duration = Duration::from_secs(2);

/// A mail server, and who hands mails over to it.
pub(super) struct SmtpServer {
    server: MailServer,
    /// `None` where the connection is never encrypted.
    tls: Option<TlsParameters>,
    hello: ClientId,
    from: Address,
}

/// A connection over which mails go, one after the other.
pub(super) struct Line(AsyncSmtpConnection);

impl SmtpServer {
    /// The one of the settings, which name one.
    ///
    /// # Errors
    /// [`CommandError::Usage`] where mails cannot come from the sender of the settings,
    /// [`CommandError::Failed`] where the certificates of this machine cannot be used.
    pub(super) fn of(settings: &Settings) -> Result<Self, CommandError> {
        let server = settings.mail.url.clone().ok_or_else(|| {
            CommandError::Usage("mail.url names no mail server; write smtp://host".to_owned())
        })?;
        let sender = Sender::parse(&settings.mail.from);
        let from = sender.address().parse().map_err(|error| {
            CommandError::Usage(format!(
                "mail.from: no mail can come from this address ({error}); write no-reply@example.org"
            ))
        })?;
        let name = settings.public_url.host();
        let hello = match settings.public_url.is_loopback() || name.starts_with('[') {
            true => ClientId::default(),
            false => ClientId::Domain(name.to_owned()),
        };
        Ok(Self { tls: tls(&server)?, hello, from, server })
    }

    /// Hands a mail over, on the line that is open or a new one. Once this has returned without an error, the
    /// server is responsible for the mail.
    pub(super) async fn send(
        &self,
        line: &mut Option<Line>,
        to: &str,
        content: &[u8],
    ) -> Result<(), Trouble> {
        let to: Address = to.parse().map_err(|error: lettre::address::AddressError| {
            Trouble::lasting(&format!("no mail can go to this address: {error}"))
        })?;
        let envelope = Envelope::new(Some(self.from.clone()), vec![to])
            .map_err(|error| Trouble::lasting(&error.to_string()))?;
        let mut open = match line.take() {
            Some(open) => open,
            None => {
                Line(self.connect().await.map_err(|error| Trouble::general(error.to_string()))?)
            }
        };
        match open.0.send(&envelope, content).await {
            Ok(_) => {
                *line = Some(open);
                Ok(())
            }
            Err(error) => Err(refused(&error)),
        }
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Error> {
        let MailServer { host, port, tls, login, .. } = &self.server;
        let wrapped = self.tls.clone().filter(|_| *tls == MailTls::Implicit);
        let mut connection = AsyncSmtpConnection::connect_tokio1(
            (host.as_str(), *port),
            Some(CONNECT_WITHIN),
            &self.hello,
            wrapped,
            None,
        )
        .await?;
        let starts_tls = match tls {
            MailTls::Required => true,
            MailTls::Opportunistic => connection.can_starttls(),
            MailTls::Implicit | MailTls::Off => false,
        };
        // Where it is required and not offered, this is the error.
        if let Some(tls) = self.tls.clone().filter(|_| starts_tls) {
            connection.starttls(tls, &self.hello).await?;
        }
        if let Some((user, password)) = login {
            let credentials = Credentials::new(user.clone(), password.expose().to_owned());
            connection.auth(DEFAULT_MECHANISMS, &credentials).await?;
        }
        Ok(connection)
    }
}

impl Line {
    /// Says farewell. Nothing depends on it.
    pub(super) async fn close(mut self) {
        let _ = tokio::time::timeout(CLOSE_WITHIN, self.0.quit()).await;
    }
}

fn tls(server: &MailServer) -> Result<Option<TlsParameters>, CommandError> {
    let anyone = match server.tls {
        MailTls::Off => return Ok(None),
        MailTls::Implicit | MailTls::Required => false,
        // Whoever can change what is sent can leave out that the server offers TLS, too.
        MailTls::Opportunistic => true,
    };
    let parameters = TlsParameters::builder(server.host.clone())
        .dangerous_accept_invalid_certs(anyone)
        .dangerous_accept_invalid_hostnames(anyone)
        .build_rustls();
    parameters.map(Some).map_err(|error| {
        CommandError::Failed(format!(
            "the connection to the mail server cannot be encrypted: {error}"
        ))
    })
}

/// The server, or the way to it, has refused a mail.
fn refused(error: &Error) -> Trouble {
    let is_answer = error.is_permanent() || error.is_transient();
    Trouble {
        failure: if error.is_permanent() || error.is_client() {
            Failure::Lasting
        } else {
            Failure::Passing
        },
        reason: error.to_string(),
        is_general: !is_answer && !error.is_client(),
    }
}
