//! https without a proxy.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use arc_swap::ArcSwap;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        self, ServerConfig,
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
        server::{ClientHello, ResolvesServerCert},
        sign::CertifiedKey,
    },
};
use vestibule::SystemEntropy;

use super::reload::{FileStates, Reloadable};
use crate::{
    config::{Settings, Tls},
    error::CommandError,
    secure_file,
};

/// The file of the certificate that the site makes for itself, in `data_dir`.
const SELF_SIGNED: &str = "self-signed.pem";

/// What a self-signed certificate is for.
const LOCAL_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// What accepts TLS connections, and the certificate that it shows.
pub(super) struct Https {
    pub(super) acceptor: TlsAcceptor,
    certificate: Arc<Certificate>,
    /// Certificate chain and key, where they are the owner's, and how they looked before they were read.
    files: Option<(PathBuf, PathBuf, FileStates)>,
}

impl Https {
    /// `None` where the site speaks plain http.
    ///
    /// # Errors
    /// [`CommandError::Usage`] where certificate and key cannot be used.
    pub(super) fn open(settings: &Settings) -> Result<Option<Self>, CommandError> {
        let (pair, files) = match &settings.tls {
            Tls::Off => return Ok(None),
            Tls::Files { cert, key } => {
                let seen = FileStates::of(&[cert.clone(), key.clone()]);
                (read_pair(cert, key), Some((cert.clone(), key.clone(), seen)))
            }
            Tls::SelfSigned => {
                let path = settings.data_dir.join(SELF_SIGNED);
                let made = secure_file::read_or_make(&path, &SystemEntropy, self_signed);
                let both = made.map_err(|error| {
                    CommandError::Failed(format!(
                        "cannot use the certificate {} ({error}); remove the file to create a new one",
                        path.display()
                    ))
                })?;
                (certified_key(&both, &both), None)
            }
        };
        let pair = pair.map_err(CommandError::Usage)?;
        let certificate = Arc::new(Certificate(ArcSwap::from_pointee(pair)));
        let config = server_config(Arc::clone(&certificate))
            .map_err(|error| CommandError::Failed(format!("cannot set up TLS: {error}")))?;
        Ok(Some(Self { acceptor: TlsAcceptor::from(Arc::new(config)), certificate, files }))
    }

    /// The owner's files, to be read again when they change; `None` where the certificate is the site's own. Connections
    /// that are open keep what they began with.
    pub(super) fn reloadable(&self) -> Option<Reloadable> {
        let (cert, key, seen) = self.files.clone()?;
        let paths = vec![cert.clone(), key.clone()];
        let certificate = Arc::clone(&self.certificate);
        let reload = move || {
            certificate.0.store(Arc::new(read_pair(&cert, &key)?));
            Ok(())
        };
        Some(Reloadable {
            what: "certificate and key of tls.*",
            paths,
            seen,
            reload: Box::new(reload),
        })
    }
}

/// The certificate that is shown from the next handshake on.
#[derive(Debug)]
struct Certificate(ArcSwap<CertifiedKey>);

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

fn read_pair(cert: &Path, key: &Path) -> Result<CertifiedKey, String> {
    certified_key(&read("tls.cert", cert)?, &read("tls.key", key)?)
}

fn read(key: &str, path: &Path) -> Result<String, String> {
    fs::read_to_string(path)
        .map_err(|error| format!("{key}: cannot read {}: {error}", path.display()))
}

/// Certificate chain and key, which belong to each other.
fn certified_key(certificate: &str, key: &str) -> Result<CertifiedKey, String> {
    let read = || -> Result<CertifiedKey, UnusableError> {
        let chain: Vec<_> =
            CertificateDer::pem_slice_iter(certificate.as_bytes()).collect::<Result<_, _>>()?;
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes())?;
        if chain.is_empty() {
            return Err(UnusableError::NoCertificate);
        }
        Ok(CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider())?)
    };
    read().map_err(|error| {
        format!(
            "cannot use the certificate and key of tls.* ({error}); give PEM files: the chain that starts \
             with the site's own certificate, and the private key of that certificate"
        )
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

fn server_config(certificate: Arc<Certificate>) -> Result<ServerConfig, rustls::Error> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(certificate);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

#[derive(Debug, thiserror::Error)]
enum UnusableError {
    #[error("the file contains no certificate")]
    NoCertificate,
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
        assert!(certified_key(&one, &one).is_ok());
        assert!(certified_key(&one, &other).is_err());
        assert!(certified_key("", &one).is_err());
        let empty = certified_key("-----BEGIN NOTHING-----\n-----END NOTHING-----\n", &one);
        assert!(empty.unwrap_err().contains("tls.*"));
    }
}
