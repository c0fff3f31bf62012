//! The mail server that mails leave through.

use std::{fmt, net::Ipv4Addr, net::Ipv6Addr};

use url::{Host, Url};

use super::{addresses::ServiceUrl, problem::ValueError, secret::Secret};

/// Where mails are handed over, and how.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct MailServer {
    url: ServiceUrl,
    /// An IPv6 address without brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) tls: MailTls,
    pub(crate) login: Option<(String, Secret)>,
}

/// How the connection is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MailTls {
    /// From the first byte (`smtps://`).
    Implicit,
    /// By `STARTTLS` (RFC 3207) or not at all.
    Required,
    /// By `STARTTLS` where the server offers it, whoever it is: against those who only listen.
    Opportunistic,
    /// Never.
    Off,
}

const MEND: &str = "write smtp://user:password@host:587, or smtps://… for TLS from the first byte";

impl MailServer {
    /// Reads `smtp://user:password@host:port?tls=…` or `smtps://…`.
    ///
    /// `tls` is `required`, `opportunistic` or `off`. Without it `smtp://` requires `STARTTLS`, but for a
    /// server on this machine itself, which is taken as it is.
    pub(crate) fn parse(text: &str) -> Result<Self, ValueError> {
        let url = ServiceUrl::mail(text)?;
        let parts = url.parts();
        let (host, is_here) = host(parts).ok_or_else(|| ValueError::new("has no host", MEND))?;
        let is_implicit = parts.scheme() == "smtps";
        let tls = tls(parts, is_implicit, is_here)?;
        let login = login(parts)?;
        let is_open = matches!(tls, MailTls::Opportunistic | MailTls::Off);
        if login.is_some() && is_open && !is_here {
            return Err(ValueError::new(
                "would send its password unencrypted",
                "remove the tls option to require encryption",
            ));
        }
        if !matches!(parts.path(), "" | "/") || parts.fragment().is_some() {
            return Err(ValueError::new("has more than a host and a port", MEND));
        }
        let port = parts.port().unwrap_or(if is_implicit { 465 } else { 587 });
        Ok(Self { host, port, tls, login, url })
    }
}

impl fmt::Display for MailServer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.url.fmt(out)
    }
}

impl fmt::Debug for MailServer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "MailServer({})", self.url)
    }
}

/// The host, and whether it is this machine.
fn host(url: &Url) -> Option<(String, bool)> {
    // The host of a scheme that the parser does not know is a name, whatever it looks like.
    let text = match url.host()? {
        Host::Domain(name) => name.to_owned(),
        Host::Ipv4(address) => address.to_string(),
        Host::Ipv6(address) => address.to_string(),
    };
    let is_here = text == "localhost"
        || text.parse().is_ok_and(|address: Ipv4Addr| address.is_loopback())
        || text.parse().is_ok_and(|address: Ipv6Addr| address.is_loopback());
    Some((text, is_here))
}

fn tls(url: &Url, is_implicit: bool, is_here: bool) -> Result<MailTls, ValueError> {
    let mut tls = match (is_implicit, is_here) {
        (true, _) => MailTls::Implicit,
        (false, false) => MailTls::Required,
        (false, true) => MailTls::Opportunistic,
    };
    for (name, value) in url.query_pairs() {
        tls = match (&*name, &*value, is_implicit) {
            ("tls", "required", true) => MailTls::Implicit,
            ("tls", "required", false) => MailTls::Required,
            ("tls", "opportunistic", false) => MailTls::Opportunistic,
            ("tls", "off", false) => MailTls::Off,
            ("tls", _, true) => {
                return Err(ValueError::new(
                    "uses TLS from the first byte, so TLS cannot be optional",
                    "write smtp:// instead, or remove the tls option",
                ));
            }
            ("tls", ..) => {
                let hint = "write tls=required, tls=opportunistic or tls=off";
                return Err(ValueError::new("has an unknown value of the tls option", hint));
            }
            _ => {
                let hint = "the only option is tls, as in ?tls=required";
                return Err(ValueError::new("has an unknown option", hint));
            }
        };
    }
    Ok(tls)
}

fn login(url: &Url) -> Result<Option<(String, Secret)>, ValueError> {
    let plain = |text: &str| {
        percent_encoding::percent_decode_str(text).decode_utf8().map(|text| text.into_owned())
    };
    let (user, password) = match (plain(url.username()), url.password().map(plain).transpose()) {
        (Ok(user), Ok(password)) => (user, password),
        _ => return Err(ValueError::new("has a user name or password that is not UTF-8", MEND)),
    };
    match (user.is_empty(), password) {
        (true, None) => Ok(None),
        (false, Some(password)) => Ok(Some((user, Secret::new(password)))),
        _ => Err(ValueError::new(
            "has a user name without a password, or a password without a user name",
            MEND,
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> MailServer {
        MailServer::parse(text).unwrap()
    }

    #[test]
    fn servers_are_reached_encrypted_unless_they_are_here_or_it_was_said_otherwise() {
        for (text, host, port, tls) in [
            ("smtp://mail.example", "mail.example", 587, MailTls::Required),
            ("smtp://mail.example:25", "mail.example", 25, MailTls::Required),
            ("smtps://mail.example", "mail.example", 465, MailTls::Implicit),
            ("smtps://mail.example/?tls=required", "mail.example", 465, MailTls::Implicit),
            ("smtp://mail.example?tls=opportunistic", "mail.example", 587, MailTls::Opportunistic),
            ("smtp://10.0.0.5:25?tls=off", "10.0.0.5", 25, MailTls::Off),
            ("smtp://127.0.0.1:1025", "127.0.0.1", 1025, MailTls::Opportunistic),
            ("smtp://[::1]:25", "::1", 25, MailTls::Opportunistic),
            ("smtp://localhost:25?tls=required", "localhost", 25, MailTls::Required),
        ] {
            let server = read(text);
            assert_eq!((&*server.host, server.port, server.tls), (host, port, tls), "{text}");
            assert_eq!(server.login, None);
        }
    }

    #[test]
    fn names_and_passwords_may_hold_any_sign() {
        let server = read("smtp://me%40x:p%2Fw%C3%BC@mail.example");
        assert_eq!(server.login, Some(("me@x".to_owned(), Secret::new("p/wü"))));
        let shown = format!("{server} {server:?}");
        assert!(!shown.contains("p%2Fw") && !shown.contains("p/w"), "{shown}");
        assert!(read("smtp://me:pw@127.0.0.1:25").login.is_some());
    }

    #[test]
    fn what_would_give_a_password_away_or_means_nothing_is_refused() {
        for text in [
            "smtp://me:pw@mail.example?tls=off",
            "smtp://me:pw@mail.example?tls=opportunistic",
            "smtps://mail.example?tls=off",
            "smtp://mail.example?tls=maybe",
            "smtp://mail.example?ssl=1",
            "smtp://me@mail.example",
            "smtp://:pw@mail.example",
            "smtp://mail.example/inbox",
            "smtp://",
            "http://mail.example",
            "mail.example:25",
        ] {
            let error = MailServer::parse(text).unwrap_err();
            assert!(!format!("{error:?}").contains("pw"), "{error:?}");
        }
    }
}
