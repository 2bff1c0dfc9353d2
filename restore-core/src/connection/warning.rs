//! What a user should know of a connection that nevertheless works.

use std::fmt;
use std::path::PathBuf;

/// Something that was taken otherwise than its author may expect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Warning {
    /// The password file was not used.
    PassfileIgnored {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// `sslrootcert` names no file, so that certificates are not verified.
    NotVerified {
        /// The file that is not there.
        root_certificates: PathBuf,
    },
    /// `sslcrl` or `sslcrldir` names nothing, so that nothing counts as revoked.
    NoRevocationList {
        /// The file or folder that is not there.
        path: PathBuf,
    },
    /// `sslcert` names no file, so that no certificate is offered.
    NoClientCertificate {
        /// The file that is not there.
        path: PathBuf,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PassfileIgnored { path, why } => {
                write!(f, "password file {} is ignored: {why}", path.display())
            }
            Self::NotVerified { root_certificates } => write!(
                f,
                "there is no file {} (sslrootcert), so the server's certificate is not verified; \
                 sslmode=verify-ca or verify-full would insist",
                root_certificates.display()
            ),
            Self::NoRevocationList { path } => write!(
                f,
                "there is no revocation list {}, so no certificate counts as revoked; \
                 correct sslcrl or sslcrldir",
                path.display()
            ),
            Self::NoClientCertificate { path } => write!(
                f,
                "there is no client certificate {}, so none is offered; correct sslcert",
                path.display()
            ),
        }
    }
}
