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
use tokio::net::TcpStream;
use vestibule_site::outbox::Failure;

use super::{before_tls::BeforeTls, message::Sender, send_error::SendError};
use crate::{
    config::{MailServer, MailTls, Settings},
    error::CommandError,
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
pub(super) struct SmtpConnection(AsyncSmtpConnection);

impl SmtpServer {
    /// The one of the settings, which name one.
    ///
    /// # Errors
    /// [`CommandError::Usage`] where mails cannot come from the sender of the settings,
    /// [`CommandError::Failed`] where the certificates of this machine cannot be used.
    pub(super) fn of(settings: &Settings) -> Result<Self, CommandError> {
        let server = settings.mail.url.clone().ok_or_else(|| {
            CommandError::Usage("mail.url has no mail server; write smtp://host".to_owned())
        })?;
        let sender = Sender::parse(&settings.mail.from);
        let from = sender.address().parse().map_err(|error| {
            CommandError::Usage(format!(
                "mail.from cannot be used as a sender ({error}); write no-reply@example.org"
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
        line: &mut Option<SmtpConnection>,
        to: &str,
        content: &[u8],
    ) -> Result<(), SendError> {
        let to: Address = to.parse().map_err(|error: lettre::address::AddressError| {
            SendError::lasting(&format!("mail cannot be sent to this address: {error}"))
        })?;
        let envelope = Envelope::new(Some(self.from.clone()), vec![to])
            .map_err(|error| SendError::lasting(&error.to_string()))?;
        let mut open = match line.take() {
            Some(open) => open,
            None => SmtpConnection(self.connect().await.map_err(SendError::general)?),
        };
        match open.0.send(&envelope, content).await {
            Ok(_) => {
                *line = Some(open);
                Ok(())
            }
            Err(error) => Err(refused(&error)),
        }
    }

    /// # Errors
    /// Why no mail can be handed over at all, in words.
    async fn connect(&self) -> Result<AsyncSmtpConnection, String> {
        let MailServer { host, port, tls, .. } = &self.server;
        let address = (host.as_str(), *port);
        if *tls == MailTls::Implicit {
            let (within, wrapped) = (Some(CONNECT_WITHIN), self.tls.clone());
            let connecting =
                AsyncSmtpConnection::connect_tokio1(address, within, &self.hello, wrapped, None);
            return self.log_in(connecting.await.map_err(in_words)?).await.map_err(in_words);
        }
        let connecting = tokio::time::timeout(CONNECT_WITHIN, TcpStream::connect(address));
        let stream = connecting
            .await
            .map_err(|_| format!("could not connect within {} s", CONNECT_WITHIN.as_secs()))?
            .map_err(in_words)?;
        let stream = Box::new(BeforeTls::new(stream));
        self.start_tls(stream).await.map_err(in_words)
    }

    async fn start_tls(&self, stream: Box<BeforeTls>) -> Result<AsyncSmtpConnection, Error> {
        let mut connection =
            AsyncSmtpConnection::connect_with_transport(stream, &self.hello).await?;
        let starts_tls = match self.server.tls {
            MailTls::Required => true,
            MailTls::Opportunistic => connection.can_starttls(),
            MailTls::Implicit | MailTls::Off => false,
        };
        // Where it is required and not offered, this is the error.
        if let Some(tls) = self.tls.clone().filter(|_| starts_tls) {
            connection.starttls(tls, &self.hello).await?;
        }
        self.log_in(connection).await
    }

    async fn log_in(
        &self,
        mut connection: AsyncSmtpConnection,
    ) -> Result<AsyncSmtpConnection, Error> {
        if let Some((user, password)) = &self.server.login {
            let credentials = Credentials::new(user.clone(), password.expose().to_owned());
            connection.auth(DEFAULT_MECHANISMS, &credentials).await?;
        }
        Ok(connection)
    }
}

impl SmtpConnection {
    /// Says farewell. Nothing depends on it.
    pub(super) async fn close(mut self) {
        let _ = tokio::time::timeout(CLOSE_WITHIN, self.0.quit()).await;
    }
}

fn in_words(error: impl std::error::Error) -> String {
    error.to_string()
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
        CommandError::Failed(format!("cannot encrypt the connection to the mail server: {error}"))
    })
}

/// The server, or the way to it, has refused a mail.
fn refused(error: &Error) -> SendError {
    let is_answer = error.is_permanent() || error.is_transient();
    SendError {
        failure: if error.is_permanent() || error.is_client() {
            Failure::Lasting
        } else {
            Failure::Passing
        },
        reason: error.to_string(),
        is_general: !is_answer && !error.is_client(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::{
        io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
        net::TcpListener,
    };
    use tokio_rustls::{
        TlsAcceptor,
        rustls::{ServerConfig, crypto::aws_lc_rs, pki_types::PrivateKeyDer},
    };

    use super::*;
    use crate::{config, config::ConfigFlags};

    fn server(url: &str) -> SmtpServer {
        let folder = tempfile::tempdir().unwrap();
        let variables = [("VESTIBULE_MAIL__URL".to_owned(), url.to_owned())];
        let settings = config::load(&ConfigFlags::default(), variables, folder.path()).unwrap();
        SmtpServer::of(&settings.settings).unwrap()
    }

    fn acceptor() -> TlsAcceptor {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }

    /// Takes one connection up to TLS, says `answer` to `STARTTLS` in one piece, and gives the first that comes
    /// encrypted.
    async fn first_under_tls(listener: TcpListener, answer: &str) -> String {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = BufReader::new(stream);
        let mut line = String::new();
        stream.write_all(b"220 here\r\n").await.unwrap();
        stream.read_line(&mut line).await.unwrap();
        stream.write_all(b"250-here\r\n250 STARTTLS\r\n").await.unwrap();
        stream.read_line(&mut line).await.unwrap();
        assert!(line.ends_with("STARTTLS\r\n"), "{line}");
        stream.write_all(answer.as_bytes()).await.unwrap();
        let Ok(mut stream) = acceptor().accept(stream).await else {
            return String::new();
        };
        let mut seen = vec![0; 512];
        let length = stream.read(&mut seen).await.unwrap_or_default();
        seen.truncate(length);
        String::from_utf8(seen).unwrap()
    }

    #[tokio::test]
    async fn what_is_said_before_tls_does_not_count_under_it() {
        for (answer, goes_on) in [
            ("220 go\r\n", true),
            ("220 go\r\n250-injected\r\n250 AUTH PLAIN\r\n", false),
            ("220 go\r\n250 injected\r\n250 taken\r\n250 taken\r\n354 go\r\n250 taken\r\n", false),
        ] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let url = format!("smtp://{}?tls=opportunistic", listener.local_addr().unwrap());
            let server = server(&url);
            let mut line = None;
            let sending = server.send(&mut line, "ada@example.org", b"Subject: x\r\n\r\nx\r\n");
            let (sent, seen) = tokio::join!(sending, first_under_tls(listener, answer));
            assert!(sent.is_err() && line.is_none(), "{answer:?}");
            assert_eq!(seen.starts_with("EHLO "), goes_on, "{answer:?}: {seen:?}");
        }
    }
}
