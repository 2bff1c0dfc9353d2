//! Connections as psql makes them, for queries of our own.
//!
//! The `external` provider promises that password files, services and TLS
//! parameters work as in psql. The client programs link libpq and keep that
//! promise by themselves; our own queries go through `tokio_postgres`, whose
//! configuration knows none of these. This module closes the gap: a
//! [`Conninfo`] is resolved as libpq resolves it, [`connect`] goes the way that
//! libpq would go, and [`Conninfo::to_libpq`] and [`Conninfo::env`] hand the
//! same target to a child program.
//!
//! Three parts, each reading top-down:
//!
//! - texts: `parse` and `uri` read the two forms of a conninfo, `service`
//!   and `passfile` the two kinds of files, `values` merges them by rank;
//! - meanings: `endpoint` and `settings` type the texts, `conninfo`
//!   holds the whole;
//! - the way: `connect` tries servers in order, `tls` and
//!   `verify` set up TLS, `error` and `classify` say what went wrong.
//!
//! Facts about libpq are PostgreSQL 17's. What it can do and this module
//! cannot (GSSAPI, `require_auth`, `requirepeer`, encrypted keys, engines) is
//! refused where leaving it out would weaken the connection.

mod classify;
mod connect;
mod conninfo;
mod endpoint;
mod environment;
mod error;
mod keyword;
mod parse;
mod passfile;
mod service;
mod settings;
mod tls;
mod uri;
mod values;
mod verify;
mod warning;

pub use connect::{Canceller, Connection, connect};
pub use conninfo::Conninfo;
pub use endpoint::{Address, Endpoint};
pub use environment::Environment;
pub use error::{Cause, ConnectionError, ConninfoError, Failure, FailureKind};
pub use keyword::Keyword;
pub use parse::SyntaxError;
pub use service::ServiceError;
pub use settings::{Settings, SslMode};
pub use tls::TlsError;
pub use values::Origin;
pub use warning::Warning;
