//! Making a connection: servers, addresses and ways of encryption in libpq's
//! order (`PQconnectPoll` in `fe-connect.c`).

use std::net::IpAddr;

use rand::seq::SliceRandom;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::config::{self, Config};
use tokio_postgres::{CancelToken, Client, NoTls, SimpleQueryMessage};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::classify::{classify, is_worth_the_other_way};
use super::conninfo::Conninfo;
use super::endpoint::{Address, Endpoint};
use super::error::{Cause, ConnectionError, Failure, FailureKind};
use super::settings::{ChannelBinding, Negotiation, SslMode, TargetSession};
use super::tls;
use super::warning::Warning;

/// A connection to a server, and the task that drives it.
///
/// The task ends when the client is dropped.
#[derive(Debug)]
pub struct Connection {
    /// Runs queries.
    pub client: Client,
    /// Which server it is, and whether by TLS, in words.
    pub place: String,
    /// Whether TLS is in use.
    pub encrypted: bool,
    /// What was taken otherwise than the conninfo's author may expect.
    pub warnings: Vec<Warning>,
    canceller: Canceller,
    driver: JoinHandle<()>,
}

impl Connection {
    /// What cancels the query that runs here, from another task.
    pub fn canceller(&self) -> Canceller {
        self.canceller.clone()
    }

    /// Says good-bye to the server and waits until that is done.
    pub async fn close(self) {
        drop(self.client);
        // The task was never aborted, and what it met was logged there.
        let _ = self.driver.await;
    }
}

/// Cancels queries of a connection.
#[derive(Clone)]
pub struct Canceller {
    token: CancelToken,
    tls: Option<MakeRustlsConnect>,
}

impl std::fmt::Debug for Canceller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Canceller")
    }
}

impl Canceller {
    /// Asks the server to cancel the query that runs, if one does.
    pub async fn cancel(&self) -> Result<(), tokio_postgres::Error> {
        match &self.tls {
            Some(tls) => self.token.cancel_query(tls.clone()).await,
            None => self.token.cancel_query(NoTls).await,
        }
    }
}

/// Connects to the first server that takes the connection.
///
/// Must be called within a tokio runtime, which the connection's task is
/// spawned on.
pub async fn connect(conninfo: &Conninfo) -> Result<Connection, ConnectionError> {
    let settings = conninfo.settings();
    let mut endpoints: Vec<_> = conninfo.endpoints().iter().collect();
    if settings.random_order {
        endpoints.shuffle(&mut rand::rng());
    }
    // Where a standby is preferred, a second round takes what there is.
    let rounds: &[TargetSession] = match settings.target {
        TargetSession::PreferStandby => &[TargetSession::Standby, TargetSession::Any],
        ref one => std::slice::from_ref(one),
    };
    let mut failures = Vec::new();
    for &target in rounds {
        for endpoint in &endpoints {
            match connect_to(conninfo, endpoint, target, &mut failures).await {
                Some(connection) => return Ok(connection),
                None if failures.last().is_some_and(|failure| failure.kind.goes_on()) => {}
                None => return Err(ConnectionError::new(conninfo.to_string(), failures)),
            }
        }
    }
    Err(ConnectionError::new(conninfo.to_string(), failures))
}

/// Tries the addresses of one server.
async fn connect_to(
    conninfo: &Conninfo,
    endpoint: &Endpoint,
    target: TargetSession,
    failures: &mut Vec<Failure>,
) -> Option<Connection> {
    let mut addresses = match addresses(endpoint).await {
        Ok(addresses) => addresses,
        Err(failure) => {
            failures.push(failure);
            return None;
        }
    };
    if conninfo.settings().random_order {
        addresses.shuffle(&mut rand::rng());
    }
    for address in addresses {
        let attempt = Attempt { conninfo, endpoint, address };
        let made = match conninfo.settings().timeout {
            None => attempt.connect(failures).await,
            Some(limit) => match timeout(limit, attempt.connect(failures)).await {
                Ok(made) => made,
                Err(passed) => {
                    let cause = format!("no answer within {} s", limit.as_secs());
                    let cause = Cause::from(format!("{cause} ({passed})"));
                    failures.push(attempt.failure(None, FailureKind::Timeout, cause));
                    None
                }
            },
        };
        let Some(connection) = made else {
            if failures.last().is_some_and(|failure| failure.kind.goes_on()) {
                continue;
            }
            return None;
        };
        match suits(&connection.client, target).await {
            Ok(()) => return Some(connection),
            // Another address of the same host would be the same server.
            Err((kind, cause)) => {
                failures.push(attempt.failure(Some(connection.encrypted), kind, cause));
                return None;
            }
        }
    }
    None
}

/// The addresses of a server; `None` stands for its socket.
async fn addresses(endpoint: &Endpoint) -> Result<Vec<Option<IpAddr>>, Failure> {
    let name = match &endpoint.address {
        Address::Socket(_) => return Ok(vec![None]),
        Address::Numeric { address, .. } => return Ok(vec![Some(*address)]),
        Address::Name(name) => name,
    };
    let failure =
        |cause| Failure { kind: FailureKind::UnknownHost, place: endpoint.to_string(), cause };
    let found = tokio::net::lookup_host((name.as_str(), endpoint.port)).await;
    let found: Vec<_> = found.map_err(|cause| failure(cause.into()))?.collect();
    if found.is_empty() {
        return Err(failure("the name has no address".into()));
    }
    Ok(found.into_iter().map(|address| Some(address.ip())).collect())
}

/// One address of one server.
struct Attempt<'a> {
    conninfo: &'a Conninfo,
    endpoint: &'a Endpoint,
    address: Option<IpAddr>,
}

impl Attempt<'_> {
    /// Tries with and without TLS, as `sslmode` says.
    async fn connect(&self, failures: &mut Vec<Failure>) -> Option<Connection> {
        // Over Unix sockets libpq never uses TLS, whatever sslmode is.
        let mode = match self.address {
            None => SslMode::Disable,
            Some(_) => self.conninfo.settings().tls.mode,
        };
        let ways: &[bool] = match mode {
            SslMode::Disable => &[false],
            SslMode::Allow => &[false, true],
            SslMode::Prefer => &[true, false],
            SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => &[true],
        };
        for &encrypted in ways {
            let result = if encrypted { self.encrypted().await } else { self.plain().await };
            match result {
                Ok(connection) => return Some(connection),
                Err((kind, cause)) => {
                    let again = is_worth_the_other_way(&kind, &cause);
                    failures.push(self.failure(Some(encrypted), kind, cause));
                    if !again {
                        return None;
                    }
                }
            }
        }
        None
    }

    async fn plain(&self) -> Result<Connection, (FailureKind, Cause)> {
        let (client, driver) =
            self.config(config::SslMode::Disable).connect(NoTls).await.map_err(classify)?;
        Ok(self.connection(client, tokio::spawn(drive(driver)), None, Vec::new()))
    }

    async fn encrypted(&self) -> Result<Connection, (FailureKind, Cause)> {
        let settings = &self.conninfo.settings().tls;
        let (tls, warnings) = tls::connector(settings, self.endpoint.name())
            .map_err(|error| (FailureKind::Tls, error.into()))?;
        let (client, driver) =
            self.config(config::SslMode::Require).connect(tls.clone()).await.map_err(classify)?;
        Ok(self.connection(client, tokio::spawn(drive(driver)), Some(tls), warnings))
    }

    fn connection(
        &self,
        client: Client,
        driver: JoinHandle<()>,
        tls: Option<MakeRustlsConnect>,
        mut warnings: Vec<Warning>,
    ) -> Connection {
        warnings.extend_from_slice(self.conninfo.warnings());
        Connection {
            place: self.place(Some(tls.is_some())),
            encrypted: tls.is_some(),
            warnings,
            canceller: Canceller { token: client.cancel_token(), tls },
            client,
            driver,
        }
    }

    /// The same in the terms of `tokio_postgres`, for this one address.
    fn config(&self, mode: config::SslMode) -> Config {
        let settings = self.conninfo.settings();
        let mut config = Config::new();
        match (&self.endpoint.address, self.address) {
            (Address::Socket(folder), _) => {
                config.host_path(folder);
            }
            (_, Some(address)) => {
                let name = self.endpoint.name().map(str::to_owned);
                config.host(name.unwrap_or_else(|| address.to_string())).hostaddr(address);
            }
            // `addresses` gives one to everything but a socket.
            (Address::Name(_) | Address::Numeric { .. }, None) => {}
        }
        config
            .port(self.endpoint.port)
            .user(self.conninfo.user())
            .dbname(self.conninfo.database())
            .application_name(&settings.application_name)
            .ssl_mode(mode)
            .ssl_negotiation(match settings.tls.negotiation {
                Negotiation::Postgres => config::SslNegotiation::Postgres,
                Negotiation::Direct => config::SslNegotiation::Direct,
            })
            .channel_binding(match settings.channel_binding {
                ChannelBinding::Disable => config::ChannelBinding::Disable,
                ChannelBinding::Prefer => config::ChannelBinding::Prefer,
                ChannelBinding::Require => config::ChannelBinding::Require,
            })
            .keepalives(settings.keepalives.enabled);
        if let Some(password) = self.conninfo.password(self.endpoint) {
            config.password(password);
        }
        if let Some(options) = &settings.options {
            config.options(options);
        }
        if let Some(idle) = settings.keepalives.idle {
            config.keepalives_idle(idle);
        }
        if let Some(interval) = settings.keepalives.interval {
            config.keepalives_interval(interval);
        }
        if let Some(count) = settings.keepalives.count {
            config.keepalives_retries(count);
        }
        if let Some(limit) = settings.keepalives.user_timeout {
            config.tcp_user_timeout(limit);
        }
        config
    }

    fn failure(&self, encrypted: Option<bool>, kind: FailureKind, cause: Cause) -> Failure {
        Failure { kind, place: self.place(encrypted), cause }
    }

    fn place(&self, encrypted: Option<bool>) -> String {
        let mut place = self.endpoint.to_string();
        if let (Address::Name(name), Some(address)) = (&self.endpoint.address, self.address)
            && *name != address.to_string()
        {
            place = format!("{place} ({address})");
        }
        match encrypted {
            Some(true) => place + " with TLS",
            Some(false) if self.address.is_some() => place + " without TLS",
            _ => place,
        }
    }
}

/// Drives a connection to its end. Queries report its errors themselves.
async fn drive<S, T>(connection: tokio_postgres::Connection<S, T>)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
    T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    if let Err(error) = connection.await {
        tracing::debug!(%error, "a connection ended");
    }
}

/// Whether a server is what `target_session_attrs` asks for.
async fn suits(client: &Client, target: TargetSession) -> Result<(), (FailureKind, Cause)> {
    if target == TargetSession::Any {
        return Ok(());
    }
    let query = "SELECT pg_catalog.pg_is_in_recovery(), \
                 pg_catalog.current_setting('default_transaction_read_only')::pg_catalog.bool";
    let messages = client.simple_query(query).await.map_err(classify)?;
    let row = messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some((row.get(0) == Some("t"), row.get(1) == Some("t"))),
        _ => None,
    });
    let Some((in_recovery, reads_only)) = row else {
        return Err((FailureKind::Protocol, "the server's state has no row".into()));
    };
    let reads_only = in_recovery || reads_only;
    let (suits, what) = match target {
        TargetSession::ReadWrite => (!reads_only, "its transactions are read-only"),
        TargetSession::ReadOnly => (reads_only, "its transactions are not read-only"),
        TargetSession::Primary => (!in_recovery, "it is a standby"),
        TargetSession::Standby => (in_recovery, "it is not a standby"),
        TargetSession::Any | TargetSession::PreferStandby => (true, ""),
    };
    if suits { Ok(()) } else { Err((FailureKind::WrongServer, what.into())) }
}
