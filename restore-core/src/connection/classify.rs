//! What kind of failure an error of `tokio_postgres` is.

use std::error::Error as StdError;
use std::io::{self, ErrorKind};

use tokio_postgres::error::{DbError, SqlState};

use super::error::{Cause, FailureKind};

/// What `tokio_postgres` calls a failed handshake.
const TLS_HANDSHAKE: &str = "error performing TLS handshake";

/// The server asked for a password and there is none.
#[derive(Debug, thiserror::Error)]
#[error("the server asks for a password and none is given (PGPASSWORD, the password file)")]
pub(super) struct NoPassword;

/// The kind of an error, and the error as a cause.
pub(super) fn classify(error: tokio_postgres::Error) -> (FailureKind, Cause) {
    if let Some(error) = error.as_db_error() {
        return (by_sqlstate(error.code()), Cause::from(error.clone()));
    }
    if has_cause::<rustls::Error>(&error) {
        return (FailureKind::Tls, error.into());
    }
    // The kinds of `tokio_postgres::Error` are private; these texts are its
    // `Display` and, for the password, the cause that it gives itself.
    let text = error.to_string();
    let cause = error.source().map(ToString::to_string).unwrap_or_default();
    if cause == "password missing" {
        return (FailureKind::Authentication, NoPassword.into());
    }
    let kind = match text.as_str() {
        TLS_HANDSHAKE => FailureKind::Tls,
        "authentication error" => FailureKind::Authentication,
        _ => find_cause::<io::Error>(&error).map_or(FailureKind::Protocol, by_io),
    };
    (kind, error.into())
}

/// Whether an error may have been brought about by TLS, or by its absence, so
/// that `sslmode=allow` and `prefer` are to try the other way: the handshake
/// failed, or the server turned the user away.
///
/// What TLS meets after the handshake (a missing client certificate, in TLS
/// 1.3) does not count in libpq.
pub(super) fn is_worth_the_other_way(kind: &FailureKind, cause: &Cause) -> bool {
    match kind {
        FailureKind::Authentication => cause.downcast_ref::<DbError>().is_some(),
        FailureKind::Tls => cause
            .downcast_ref::<tokio_postgres::Error>()
            .is_none_or(|error| error.to_string() == TLS_HANDSHAKE),
        _ => false,
    }
}

fn by_sqlstate(code: &SqlState) -> FailureKind {
    match *code {
        SqlState::INVALID_CATALOG_NAME => FailureKind::NoSuchDatabase,
        SqlState::INSUFFICIENT_PRIVILEGE => FailureKind::NotPermitted,
        SqlState::TOO_MANY_CONNECTIONS => FailureKind::TooManyConnections,
        SqlState::CANNOT_CONNECT_NOW => FailureKind::NotReady,
        // Class 28, invalid authorization specification.
        _ if code.code().starts_with("28") => FailureKind::Authentication,
        _ => FailureKind::Sql(code.clone()),
    }
}

/// The kind of an error of a socket.
pub(super) fn by_io(error: &io::Error) -> FailureKind {
    match error.kind() {
        // A socket file that is absent is a server that does not listen.
        ErrorKind::ConnectionRefused | ErrorKind::NotFound => FailureKind::Refused,
        ErrorKind::TimedOut => FailureKind::Timeout,
        ErrorKind::UnexpectedEof | ErrorKind::InvalidData | ErrorKind::InvalidInput => {
            FailureKind::Protocol
        }
        _ => FailureKind::Unreachable,
    }
}

/// An I/O error may hold another error that its `source` passes over.
fn find_cause<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        if let Some(held) = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref)
            && let Some(found) = held.downcast_ref::<E>()
        {
            return Some(found);
        }
        next = error.source();
    }
    None
}

fn has_cause<E: StdError + 'static>(error: &(dyn StdError + 'static)) -> bool {
    find_cause::<E>(error).is_some()
}
