//! TLS as libpq sets it up (`initialize_SSL` in `fe-secure-openssl.c`), by
//! rustls.

use std::fmt::Display;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use tokio_postgres_rustls::MakeRustlsConnect;
use x509_parser::parse_x509_certificate;

use super::settings::{RootCertificates, SslMode, TlsSettings, TlsVersion};
use super::verify::{Chain, PeerVerifier};
use super::warning::Warning;

/// Why TLS cannot be set up as asked for.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum TlsError {
    #[error("there is no file of root certificates {path}, which sslmode=verify-ca and \
             verify-full need; provide it, name another (sslrootcert), or use the system's \
             (sslrootcert=system)", path = .0.display())]
    NoRoots(PathBuf),
    #[error("there is no home folder to look for root certificates in; name a file (sslrootcert)")]
    RootsNowhere,
    #[error("the operating system offers no root certificates{0}; name a file (sslrootcert)")]
    NoSystemRoots(String),
    #[error("{what} {path} cannot be used: {why}", path = .path.display())]
    File { what: &'static str, path: PathBuf, why: String },
    #[error("there is a client certificate {certificate}, but no key {key}; name it (sslkey)",
            certificate = .certificate.display(), key = .key.display())]
    NoKey { certificate: PathBuf, key: PathBuf },
    #[error("the host must be named (host) for sslmode=verify-full, not only its address")]
    NoName,
    #[error(transparent)]
    Rustls(#[from] rustls::Error),
}

/// What makes TLS connections by these settings to a server of that name.
///
/// Built anew for every attempt, as by libpq: the files are read each time.
pub(super) fn connector(
    settings: &TlsSettings,
    name: Option<&str>,
) -> Result<(MakeRustlsConnect, Vec<Warning>), TlsError> {
    if settings.mode == SslMode::VerifyFull && name.is_none() {
        return Err(TlsError::NoName);
    }
    let mut warnings = Vec::new();
    let provider = Arc::new(default_provider());
    let chain = chain(settings, &provider, &mut warnings)?;
    let verifier = PeerVerifier::new(chain, settings.mode == SslMode::VerifyFull, &provider);
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&versions(settings))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = match client_certificate(settings, &provider, &mut warnings)? {
        Some(identity) => {
            builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(identity)))
        }
        None => builder.with_no_client_auth(),
    };
    config.enable_sni = settings.server_name_indication;
    // Required by sslnegotiation=direct; older servers pay it no heed.
    config.alpn_protocols = vec![b"postgresql".to_vec()];
    Ok((MakeRustlsConnect::new(config), warnings))
}

fn versions(settings: &TlsSettings) -> Vec<&'static SupportedProtocolVersion> {
    let all =
        [(TlsVersion::V13, &rustls::version::TLS13), (TlsVersion::V12, &rustls::version::TLS12)];
    let allowed = settings.oldest..=settings.newest;
    all.into_iter().filter(|(version, _)| allowed.contains(version)).map(|(_, it)| it).collect()
}

/// Whom to trust, or `None` if certificates are not to be verified.
///
/// Whether there is a file decides, not the mode alone: libpq verifies even
/// under `sslmode=prefer` if there is one.
fn chain(
    settings: &TlsSettings,
    provider: &Arc<CryptoProvider>,
    warnings: &mut Vec<Warning>,
) -> Result<Option<Chain>, TlsError> {
    let path = match &settings.roots {
        RootCertificates::System => return system_chain(provider).map(Some),
        RootCertificates::File { path, .. } if path.exists() => path,
        RootCertificates::File { path, .. } if settings.mode >= SslMode::VerifyCa => {
            return Err(TlsError::NoRoots(path.clone()));
        }
        RootCertificates::Nowhere if settings.mode >= SslMode::VerifyCa => {
            return Err(TlsError::RootsNowhere);
        }
        RootCertificates::File { path, given: true } => {
            warnings.push(Warning::NotVerified { root_certificates: path.clone() });
            return Ok(None);
        }
        RootCertificates::File { .. } | RootCertificates::Nowhere => return Ok(None),
    };
    let what = "the file of root certificates";
    let roots = certificates(what, path)?;
    let lists = revocation_lists(settings, warnings)?;
    let chain = Chain::new(roots, lists, provider);
    chain.map(Some).map_err(|cause| unusable(what, path, cause))
}

fn system_chain(provider: &Arc<CryptoProvider>) -> Result<Chain, TlsError> {
    let mut found = rustls_native_certs::load_native_certs();
    // One odd certificate among the system's hundred must not spoil the rest.
    found.certs.retain(|der| RootCertStore::empty().add(der.clone()).is_ok());
    if found.certs.is_empty() {
        let why = found.errors.first().map_or_else(String::new, |error| format!(" ({error})"));
        return Err(TlsError::NoSystemRoots(why));
    }
    Chain::new(found.certs, Vec::new(), provider)
        .map_err(|cause| TlsError::NoSystemRoots(format!(" ({cause})")))
}

/// The revocation lists. libpq goes without one that is not there; where a
/// user named it, that deserves a word.
fn revocation_lists(
    settings: &TlsSettings,
    warnings: &mut Vec<Warning>,
) -> Result<Vec<CertificateRevocationListDer<'static>>, TlsError> {
    let what = "the certificate revocation list";
    let mut files = Vec::new();
    if let Some((path, given)) = &settings.crl {
        if path.exists() {
            files.push(path.clone());
        } else if *given {
            warnings.push(Warning::NoRevocationList { path: path.clone() });
        }
    }
    if let Some(folder) = &settings.crl_folder {
        let before = files.len();
        let entries = std::fs::read_dir(folder).map_err(|why| unusable(what, folder, why))?;
        for entry in entries {
            let path = entry.map_err(|why| unusable(what, folder, why))?.path();
            if path.is_file() {
                files.push(path);
            }
        }
        if files.len() == before {
            return Err(unusable(what, folder, "the folder holds none"));
        }
    }
    let mut lists = Vec::new();
    for path in files {
        let read = CertificateRevocationListDer::pem_file_iter(&path)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|why| unusable(what, &path, why))?;
        if read.is_empty() {
            return Err(unusable(what, &path, "it holds no list in PEM form"));
        }
        lists.extend(read);
    }
    Ok(lists)
}

/// The certificate to offer, with its key. A certificate that is not there is
/// not offered; one without its key is an error.
fn client_certificate(
    settings: &TlsSettings,
    provider: &CryptoProvider,
    warnings: &mut Vec<Warning>,
) -> Result<Option<CertifiedKey>, TlsError> {
    let Some((path, given)) = &settings.certificate else { return Ok(None) };
    if !path.exists() {
        if *given {
            warnings.push(Warning::NoClientCertificate { path: path.clone() });
        }
        return Ok(None);
    }
    let what = "the client certificate";
    let certificates = certificates(what, path)?;
    let Some(key_path) = settings.key.as_ref().filter(|key| key.exists()) else {
        let key = settings.key.clone().unwrap_or_default();
        return Err(TlsError::NoKey { certificate: path.clone(), key });
    };
    let key = provider.key_provider.load_private_key(private_key(key_path)?)?;
    let (_, leaf) =
        parse_x509_certificate(&certificates[0]).map_err(|why| unusable(what, path, why))?;
    // `CertifiedKey::from_der` would check this too, but refuses the X.509
    // version 1 certificates that PostgreSQL's manual teaches to make.
    if key.public_key().is_some_and(|public| public.as_ref() != leaf.public_key().raw) {
        let why = format!("it does not belong to the key {}", key_path.display());
        return Err(unusable(what, path, why));
    }
    Ok(Some(CertifiedKey::new(certificates, key)))
}

/// All certificates of a PEM file: at least one.
fn certificates(what: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let read = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|why| unusable(what, path, why))?;
    if read.is_empty() {
        return Err(unusable(what, path, "it holds no certificate in PEM form"));
    }
    Ok(read)
}

/// A private key, PEM or DER, in a file that is its owner's alone.
fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let what = "the client key";
    let read = |path| -> io::Result<_> { Ok((std::fs::metadata(path)?, std::fs::read(path)?)) };
    let (metadata, bytes) = read(path).map_err(|why| unusable(what, path, why))?;
    if !metadata.is_file() {
        return Err(unusable(what, path, "it is not a plain file"));
    }
    // A key of root's may be readable by a group, as libpq allows it.
    let mode = metadata.permissions().mode() & 0o777;
    let forbidden = if metadata.uid() == 0 { 0o037 } else { 0o077 };
    if mode & forbidden != 0 {
        let why = format!("its permissions are {mode:04o}; make them u=rw (0600) or less");
        return Err(unusable(what, path, why));
    }
    match PrivateKeyDer::from_pem_slice(&bytes) {
        Ok(key) => Ok(key),
        Err(pem::Error::NoItemsFound) if bytes.windows(9).any(|word| word == b"ENCRYPTED") => {
            let why = "it is encrypted; use a key without a password, readable by its owner alone";
            Err(unusable(what, path, why))
        }
        Err(why) => PrivateKeyDer::try_from(bytes).map_err(|_| unusable(what, path, why)),
    }
}

fn unusable(what: &'static str, path: &Path, why: impl Display) -> TlsError {
    TlsError::File { what, path: path.to_owned(), why: why.to_string() }
}
