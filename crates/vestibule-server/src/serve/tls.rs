//! https without a proxy.

use std::{fs, io, path::Path, sync::Arc};

use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        self, ServerConfig,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    },
};
use vestibule::SystemEntropy;

use crate::{
    commands::CommandError,
    config::{Settings, Tls},
    private,
};

/// The file of the certificate that the site makes for itself, in `data_dir`.
const SELF_SIGNED: &str = "self-signed.pem";

/// What a self-signed certificate is for.
const LOCAL_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// What accepts TLS connections; `None` where the site speaks plain http.
///
/// # Errors
/// [`CommandError::Usage`] where certificate and key cannot be used.
pub(super) fn acceptor(settings: &Settings) -> Result<Option<TlsAcceptor>, CommandError> {
    let (certificate, key) = match &settings.tls {
        Tls::Off => return Ok(None),
        Tls::Files { cert, key } => (read("tls.cert", cert)?, read("tls.key", key)?),
        Tls::SelfSigned => {
            let path = settings.data_dir.join(SELF_SIGNED);
            let made = private::read_or_make(&path, &SystemEntropy, self_signed);
            let both = made.map_err(|error| {
                CommandError::Failed(format!(
                    "the certificate {} cannot be used ({error}); remove the file to have a new one made",
                    path.display()
                ))
            })?;
            (both.clone(), both)
        }
    };
    let config = server_config(&certificate, &key).map_err(|error| {
        CommandError::Usage(format!(
            "the certificate and the key of tls.* cannot be used ({error}); give PEM files, the chain with the \
             site's own certificate first and the private key that belongs to it"
        ))
    })?;
    Ok(Some(TlsAcceptor::from(Arc::new(config))))
}

fn read(key: &str, path: &Path) -> Result<String, CommandError> {
    fs::read_to_string(path).map_err(|error| {
        CommandError::Usage(format!("{key}: {} cannot be read: {error}", path.display()))
    })
}

/// Certificate and private key in one text. Browsers warn of it, and remember an exception for as long as
/// it stays the same.
fn self_signed() -> Result<String, SelfSignedError> {
    let made = rcgen::generate_simple_self_signed(LOCAL_NAMES.map(str::to_owned))?;
    Ok(made.cert.pem() + &made.signing_key.serialize_pem())
}

#[derive(Debug, thiserror::Error)]
enum SelfSignedError {
    #[error(transparent)]
    File(#[from] io::Error),
    #[error(transparent)]
    Making(#[from] rcgen::Error),
}

fn server_config(certificate: &str, key: &str) -> Result<ServerConfig, UnusableError> {
    let chain: Vec<_> =
        CertificateDer::pem_slice_iter(certificate.as_bytes()).collect::<Result<_, _>>()?;
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes())?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

#[derive(Debug, thiserror::Error)]
enum UnusableError {
    #[error(transparent)]
    Pem(#[from] rustls::pki_types::pem::Error),
    #[error(transparent)]
    Tls(#[from] rustls::Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_can_be_used_and_a_foreign_key_cannot() {
        let one = self_signed().unwrap();
        let other = self_signed().unwrap();
        assert!(server_config(&one, &one).is_ok());
        assert!(server_config(&one, &other).is_err());
        assert!(server_config("", &one).is_err());
    }
}
