//! Which server certificates are good enough.
//!
//! libpq verifies by OpenSSL, which is laxer than rustls in three ways that
//! PostgreSQL servers are known for: certificates of X.509 version 1 (the
//! manual's recipe makes them with OpenSSL 3.0 and older), a self-signed
//! certificate that is its own authority, and a host named by the common name
//! alone. Those are judged here; everything else is judged by rustls.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{VerifierBuilderError, WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
    verify_tls13_signature_with_raw_key,
};
use rustls::pki_types::{
    CertificateDer, CertificateRevocationListDer, ServerName, SubjectPublicKeyInfoDer, UnixTime,
};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, DigitallySignedStruct, Error, PeerMisbehaved, RootCertStore, SignatureScheme,
};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::oid_registry::OID_PKCS1_SHA1WITHRSA;
use x509_parser::time::ASN1Time;
use x509_parser::x509::X509Version;

/// The authorities to trust.
#[derive(Debug)]
pub(super) struct Chain {
    webpki: Arc<WebPkiServerVerifier>,
    /// Certificates that their own holder issued: trusted.
    roots: Vec<CertificateDer<'static>>,
    /// The others of the same file. Like OpenSSL, they help to build a chain
    /// to a root, but end none.
    helpers: Vec<CertificateDer<'static>>,
    has_revocation_lists: bool,
}

/// Why the authorities cannot be used.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub(super) enum ChainError {
    #[error("certificate {number} in it: {cause}")]
    Root { number: usize, cause: Error },
    #[error("none of its certificates is a root, issued by its own holder; add the root's")]
    NoRoot,
    #[error(transparent)]
    Verifier(#[from] VerifierBuilderError),
}

impl Chain {
    /// Trust the roots among these certificates, less what the lists revoke.
    /// With a list at hand, every certificate of a chain must be covered by
    /// one, as under OpenSSL's `X509_V_FLAG_CRL_CHECK_ALL`.
    pub(super) fn new(
        certificates: Vec<CertificateDer<'static>>,
        lists: Vec<CertificateRevocationListDer<'static>>,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Self, ChainError> {
        let mut store = RootCertStore::empty();
        let (mut roots, mut helpers) = (Vec::new(), Vec::new());
        for (index, certificate) in certificates.into_iter().enumerate() {
            let add = |cause| ChainError::Root { number: index + 1, cause };
            if is_self_issued(&certificate) {
                store.add(certificate.clone()).map_err(add)?;
                roots.push(certificate);
            } else {
                helpers.push(certificate);
            }
        }
        if roots.is_empty() {
            return Err(ChainError::NoRoot);
        }
        let has_revocation_lists = !lists.is_empty();
        let mut builder =
            WebPkiServerVerifier::builder_with_provider(Arc::new(store), Arc::clone(provider));
        if has_revocation_lists {
            builder = builder.with_crls(lists).enforce_revocation_expiration();
        }
        Ok(Self { webpki: builder.build()?, roots, helpers, has_revocation_lists })
    }

    /// Judges a certificate that rustls refused with `refusal` for want of a
    /// rule: one that is itself a root, or one of version 1 that a root has
    /// signed, is good within its time.
    ///
    /// With revocation lists there is no such leniency: nothing here reads them.
    fn judge(
        &self,
        der: &CertificateDer<'_>,
        now: UnixTime,
        refusal: CertificateError,
    ) -> Result<(), CertificateError> {
        let Some(certificate) = parsed(der).filter(|_| !self.has_revocation_lists) else {
            return Err(refusal);
        };
        let is_root = self.roots.iter().any(|root| root == der);
        if !is_root && certificate.version() != X509Version::V1 {
            return Err(refusal);
        }
        let Ok(now) = ASN1Time::from_timestamp(now.as_secs().cast_signed()) else {
            return Err(refusal);
        };
        if now < certificate.validity().not_before {
            return Err(CertificateError::NotValidYet);
        }
        if now > certificate.validity().not_after {
            return Err(CertificateError::Expired);
        }
        if is_root || self.roots.iter().any(|root| has_signed(root, &certificate, now)) {
            return Ok(());
        }
        Err(CertificateError::UnknownIssuer)
    }
}

fn is_self_issued(der: &CertificateDer<'_>) -> bool {
    parsed(der).is_some_and(|one| one.subject().as_raw() == one.issuer().as_raw())
}

/// Whether an authority, in its time, has signed a certificate. SHA-1 does not
/// count: rustls refuses it, and so does OpenSSL at Debian's security level.
fn has_signed(root: &CertificateDer<'_>, certificate: &X509Certificate<'_>, now: ASN1Time) -> bool {
    parsed(root).is_some_and(|root| {
        root.is_ca()
            && root.validity().is_valid_at(now)
            && root.subject().as_raw() == certificate.issuer().as_raw()
            && certificate.signature_algorithm.algorithm != OID_PKCS1_SHA1WITHRSA
            && certificate.verify_signature(Some(root.public_key())).is_ok()
    })
}

/// Judges a server's certificate: its chain if there are authorities to
/// trust, its name if that is asked for, and always its key.
#[derive(Debug)]
pub(super) struct PeerVerifier {
    chain: Option<Chain>,
    checks_name: bool,
    algorithms: WebPkiSupportedAlgorithms,
}

impl PeerVerifier {
    /// `chain` is `None` if any certificate will do.
    pub(super) fn new(chain: Option<Chain>, checks_name: bool, provider: &CryptoProvider) -> Self {
        Self { chain, checks_name, algorithms: provider.signature_verification_algorithms }
    }
}

impl ServerCertVerifier for PeerVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(chain) = &self.chain else { return Ok(ServerCertVerified::assertion()) };
        let helpers = chain.helpers.iter().chain(intermediates);
        let intermediates: Vec<_> = helpers.map(|der| CertificateDer::from(der.as_ref())).collect();
        match chain.webpki.verify_server_cert(end_entity, &intermediates, name, ocsp, now) {
            Ok(_) => return Ok(ServerCertVerified::assertion()),
            // rustls looks at the name last: the chain is sound.
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => {}
            // A version or a role that rustls has no words for.
            Err(Error::InvalidCertificate(refusal @ CertificateError::Other(_))) => {
                chain.judge(end_entity, now, refusal)?;
            }
            Err(error) => return Err(error),
        }
        if self.checks_name {
            check_name(end_entity, name)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        der: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let Some(certificate) = parsed_v1(der) else {
            return verify_tls12_signature(message, der, signature, &self.algorithms);
        };
        let key = &certificate.public_key().subject_public_key.data;
        let scheme = self.algorithms.mapping.iter().find(|known| known.0 == signature.scheme);
        let Some((_, algorithms)) = scheme else {
            return Err(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme.into());
        };
        let valid = |algorithm: &&dyn rustls::pki_types::SignatureVerificationAlgorithm| {
            algorithm.verify_signature(key, message, signature.signature()).is_ok()
        };
        if algorithms.iter().any(valid) {
            return Ok(HandshakeSignatureValid::assertion());
        }
        Err(CertificateError::BadSignature.into())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        der: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        match parsed_v1(der) {
            None => verify_tls13_signature(message, der, signature, &self.algorithms),
            Some(certificate) => {
                let key = SubjectPublicKeyInfoDer::from(certificate.public_key().raw);
                verify_tls13_signature_with_raw_key(message, &key, signature, &self.algorithms)
            }
        }
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

fn parsed<'a>(der: &'a CertificateDer<'_>) -> Option<X509Certificate<'a>> {
    x509_parser::parse_x509_certificate(der).ok().map(|(_, certificate)| certificate)
}

fn parsed_v1<'a>(der: &'a CertificateDer<'_>) -> Option<X509Certificate<'a>> {
    parsed(der).filter(|certificate| certificate.version() == X509Version::V1)
}

/// Whether a certificate names the host: as an alternative name, or, if it has
/// none of the host's kind, as its common name.
fn check_name(der: &CertificateDer<'_>, name: &ServerName<'_>) -> Result<(), Error> {
    let refused = match ParsedCertificate::try_from(der) {
        Ok(certificate) => match verify_server_name(&certificate, name) {
            Ok(()) => return Ok(()),
            Err(error) => error,
        },
        Err(_) => CertificateError::NotValidForName.into(),
    };
    match parsed(der) {
        Some(certificate) if common_name_matches(&certificate, name) => Ok(()),
        _ => Err(refused),
    }
}

/// libpq's `pgtls_verify_peer_name_matches_certificate_guts`, from where it
/// falls back to the common name.
fn common_name_matches(certificate: &X509Certificate<'_>, name: &ServerName<'_>) -> bool {
    let by_address = matches!(name, ServerName::IpAddress(_));
    // An extension that cannot be read might have forbidden the common name.
    let Ok(alternatives) = certificate.subject_alternative_name() else { return false };
    let same_kind = |alternative: &GeneralName<'_>| match alternative {
        GeneralName::DNSName(_) => !by_address,
        GeneralName::IPAddress(_) => by_address,
        _ => false,
    };
    if alternatives.is_some_and(|names| names.value.general_names.iter().any(same_kind)) {
        return false;
    }
    let common_name = certificate.subject().iter_common_name().next();
    let pattern = common_name.and_then(|attribute| attribute.as_str().ok());
    pattern.is_some_and(|pattern| pattern_matches(pattern, &name.to_str()))
}

/// Equal but for case, or equal behind a `*.` that stands for one label.
fn pattern_matches(pattern: &str, host: &str) -> bool {
    if pattern.eq_ignore_ascii_case(host) {
        return true;
    }
    let Some(suffix) = pattern.strip_prefix("*.").filter(|suffix| !suffix.is_empty()) else {
        return false;
    };
    match host.split_once('.') {
        Some((label, rest)) => !label.is_empty() && rest.eq_ignore_ascii_case(suffix),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::pattern_matches;

    #[test]
    fn a_star_stands_for_one_label() {
        assert!(pattern_matches("db.Example.org", "DB.example.org"));
        assert!(pattern_matches("*.example.org", "db.example.org"));
        assert!(!pattern_matches("*.example.org", "a.db.example.org"));
        assert!(!pattern_matches("*.example.org", "example.org"));
        assert!(!pattern_matches("*.example.org", ".example.org"));
        assert!(!pattern_matches("d*.example.org", "db.example.org"));
        assert!(!pattern_matches("*.", "db."));
        assert!(!pattern_matches("*", "db"));
    }
}
