//! Why a conninfo cannot be used, and why a server cannot be reached.

use std::error::Error as StdError;
use std::fmt;

use tokio_postgres::error::SqlState;

use super::origin::Origin;
use super::service::ServiceError;
use super::syntax::SyntaxError;

/// What is wrong with a conninfo and its surroundings.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum ConninfoError {
    #[error(transparent)]
    Syntax(#[from] SyntaxError),
    #[error(transparent)]
    Service(#[from] ServiceError),
    #[error("connection parameter {keyword} is {text:?} {origin}; it must be {expected}")]
    Value { keyword: &'static str, text: String, origin: Origin, expected: String },
    #[error("{0}")]
    Conflict(&'static str),
    #[error("connection parameter {keyword}={text:?} cannot be honoured here: {what_to_do}")]
    Unsupported { keyword: &'static str, text: String, what_to_do: &'static str },
    #[error(
        "the list in connection parameter {what} has {given} elements for {hosts} hosts; \
             give one for each host"
    )]
    Lists { what: &'static str, given: usize, hosts: usize },
    #[error("no user is named and the system's user {0} has no name; give user= or PGUSER")]
    NoUser(u32),
}

/// A cause, as the library that met it gave it.
pub type Cause = Box<dyn StdError + Send + Sync>;

/// What kind of failure kept a connection from being made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FailureKind {
    /// No server listens there.
    Refused,
    /// The host's name has no address.
    UnknownHost,
    /// The network or the socket failed in another way.
    Unreachable,
    /// The server does not let this user in, or wants another proof.
    Authentication,
    /// The server has no such database.
    NoSuchDatabase,
    /// The user may not connect to this database.
    NotPermitted,
    /// The server has no connection to spare.
    TooManyConnections,
    /// The server is starting, stopping or recovering.
    NotReady,
    /// TLS could not be set up as asked for.
    Tls,
    /// `connect_timeout` has passed.
    Timeout,
    /// Something answered, but not as PostgreSQL does.
    Protocol,
    /// The server is not what `target_session_attrs` asks for.
    WrongServer,
    /// The server refused for another reason.
    Sql(SqlState),
}

impl FailureKind {
    /// What the user can do about it.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Refused => "is the server running there? Check host and port",
            Self::UnknownHost => "check the spelling of host, or give hostaddr",
            Self::Unreachable => "check host, port, and what lies between (firewall, permissions)",
            Self::Authentication => {
                "check user and password (PGPASSWORD, the password file, the service) and the \
                 server's pg_hba.conf"
            }
            Self::NoSuchDatabase => "create the database or name another (dbname, PGDATABASE)",
            Self::NotPermitted => "grant the user CONNECT on the database, or name another",
            Self::TooManyConnections => "close other connections or raise max_connections",
            Self::NotReady => "wait until the server accepts connections",
            Self::Tls => "check sslmode, sslrootcert, sslcert and sslkey against the server's",
            Self::Timeout => "check host and port, or raise connect_timeout",
            Self::Protocol => "check that a PostgreSQL server listens on that port",
            Self::WrongServer => "add the right server to host, or relax target_session_attrs",
            Self::Sql(_) => "the server's log may say more",
        }
    }

    /// Whether the next address or host is worth trying, as libpq has it: only
    /// where no server could be spoken to.
    pub(super) fn goes_on(&self) -> bool {
        matches!(
            self,
            Self::Refused
                | Self::UnknownHost
                | Self::Unreachable
                | Self::Timeout
                | Self::NotReady
                | Self::WrongServer
        )
    }
}

/// One attempt to connect, and why it failed.
#[derive(Debug)]
pub struct Failure {
    /// What kind of failure it was.
    pub kind: FailureKind,
    /// Where to: the server, its address, with or without TLS.
    pub place: String,
    /// What happened.
    pub cause: Cause,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, chain(self.cause.as_ref()))
    }
}

/// An error and its causes in one line, each said once.
fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        next = cause.source();
    }
    text
}

/// Why there is no connection: everything that was tried, in order.
#[derive(Debug)]
pub struct ConnectionError {
    target: String,
    failures: Vec<Failure>,
}

impl ConnectionError {
    /// `failures` holds at least one.
    pub(super) fn new(target: String, failures: Vec<Failure>) -> Self {
        debug_assert!(!failures.is_empty());
        Self { target, failures }
    }

    /// The kind of the last failure, which ended the attempt.
    pub fn kind(&self) -> &FailureKind {
        self.failures.last().map_or(&FailureKind::Protocol, |failure| &failure.kind)
    }

    /// Everything that was tried, in order.
    pub fn failures(&self) -> &[Failure] {
        &self.failures
    }
}

impl fmt::Display for ConnectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot connect to {}", self.target)?;
        for failure in &self.failures {
            write!(f, "; {failure}")?;
        }
        write!(f, ". What to do: {}", self.kind().advice())
    }
}

impl StdError for ConnectionError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.failures.last().map(|failure| &*failure.cause as &(dyn StdError + 'static))
    }
}
