//! Connections as psql makes them.
//!
//! libpq decides where a connection goes by a conninfo, service files, a
//! password file, variables and defaults, and how it is encrypted by a dozen
//! `ssl` parameters. `tokio_postgres` knows none of that. Here a [`Conninfo`]
//! is resolved as libpq resolves it, and [`connect`] tries the servers in
//! libpq's order, so that the same text reaches the same database as in psql.
//! [`Conninfo::to_libpq`] and [`Conninfo::env`] give the target to a child
//! program that links libpq. The variables come in as an [`Environment`]: this
//! crate reads none of its own process.
//!
//! ```no_run
//! use restore_core::connection::{Conninfo, Environment, connect};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let environment = Environment::new([("PGHOST".to_owned(), "/run/postgresql".to_owned())]);
//! let conninfo = Conninfo::parse("dbname=shop", &environment)?;
//! let connection = connect(&conninfo).await?;
//! connection.client.batch_execute("ANALYZE").await?;
//! connection.close().await;
//! # Ok(())
//! # }
//! ```
//!
//! From the bottom:
//!
//! - texts: `keyword` lists the parameters, `parse` and `uri` read the two forms
//!   of a conninfo (`syntax` has what they share), `service` and `passfile` the
//!   two kinds of files, `values` merges them by rank and keeps each one's
//!   `origin`;
//! - meanings: `endpoint` and `settings` type the texts, `conninfo` holds the
//!   whole;
//! - connecting: `connect` tries servers in order, `socket` opens sockets,
//!   `stream` lets bytes of no encoding through, `tls` and `verify` set up TLS,
//!   `error` and `classify` say what went wrong.
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
mod origin;
mod parse;
mod passfile;
mod service;
mod settings;
mod socket;
mod stream;
mod syntax;
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
pub use origin::Origin;
pub use service::ServiceError;
pub use settings::{Settings, SslMode};
pub use syntax::SyntaxError;
pub use tls::TlsError;
pub use warning::Warning;
