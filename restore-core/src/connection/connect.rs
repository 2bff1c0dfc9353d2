//! Making a connection: servers, addresses and ways of encryption in libpq's
//! order (`PQconnectPoll` in `fe-connect.c`).

use std::net::SocketAddr;

use rand::seq::SliceRandom;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::config::{self, Config};
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{CancelToken, Client, NoTls, SimpleQueryMessage};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::classify::{by_io, classify, is_worth_the_other_way};
use super::conninfo::Conninfo;
use super::endpoint::{Address, Endpoint};
use super::error::{Cause, ConnectionError, Failure, FailureKind};
use super::settings::{ChannelBinding, Negotiation, SslMode, TargetSession};
use super::socket::{Opening, Socket, SocketAddress};
use super::stream::{BytesSwitch, Stream, TlsUnder};
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
    /// The encoding of the database, by PostgreSQL's name.
    pub server_encoding: String,
    /// What was taken otherwise than the conninfo's author may expect.
    pub warnings: Vec<Warning>,
    canceller: Canceller,
    switch: BytesSwitch,
    driver: JoinHandle<()>,
}

impl Connection {
    /// From now on SQL is in this encoding: what [`crate::spelling`] spells in
    /// it is sent as the bytes themselves. Rows and messages then come in it too.
    pub async fn send_bytes(&self, client_encoding: &str) -> Result<(), tokio_postgres::Error> {
        self.client.batch_execute(&format!("SET client_encoding = '{client_encoding}'")).await?;
        self.switch.turn_on();
        Ok(())
    }

    /// What cancels the query that runs here, from another task.
    pub fn canceller(&self) -> Canceller {
        self.canceller.clone()
    }

    /// Whether SQL is sent as bytes, rather than in UTF-8.
    pub fn sends_bytes(&self) -> bool {
        self.switch.is_on()
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
    opening: Opening,
    tls: Option<(MakeRustlsConnect, String)>,
}

impl std::fmt::Debug for Canceller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Canceller")
    }
}

impl Canceller {
    /// Asks the server to cancel the query that runs, if one does.
    pub async fn cancel(&self) -> Result<(), Cause> {
        let socket = self.opening.open().await?;
        match self.tls.clone() {
            Some((mut tls, name)) => {
                let connector = MakeTlsConnect::<Socket>::make_tls_connect(&mut tls, &name)?;
                self.token.cancel_query_raw(socket, connector).await?;
            }
            None => self.token.cancel_query_raw(socket, NoTls).await?,
        }
        Ok(())
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

/// The addresses of a server.
async fn addresses(endpoint: &Endpoint) -> Result<Vec<SocketAddress>, Failure> {
    let port = endpoint.port;
    let name = match &endpoint.address {
        Address::Socket(folder) => {
            return Ok(vec![SocketAddress::Unix(folder.join(format!(".s.PGSQL.{port}")))]);
        }
        Address::Numeric { address, .. } => {
            return Ok(vec![SocketAddress::Tcp(SocketAddr::new(*address, port))]);
        }
        Address::Name(name) => name,
    };
    let failure =
        |cause| Failure { kind: FailureKind::UnknownHost, place: endpoint.to_string(), cause };
    let found = tokio::net::lookup_host((name.as_str(), port)).await;
    let found: Vec<_> = found.map_err(|cause| failure(cause.into()))?.collect();
    if found.is_empty() {
        return Err(failure("the name has no address".into()));
    }
    Ok(found.into_iter().map(SocketAddress::Tcp).collect())
}

/// One address of one server.
struct Attempt<'a> {
    conninfo: &'a Conninfo,
    endpoint: &'a Endpoint,
    address: SocketAddress,
}

impl Attempt<'_> {
    /// Tries with and without TLS, as `sslmode` says.
    async fn connect(&self, failures: &mut Vec<Failure>) -> Option<Connection> {
        // Over Unix sockets libpq never uses TLS, whatever sslmode is.
        let mode = match self.address {
            SocketAddress::Unix(_) => SslMode::Disable,
            SocketAddress::Tcp(_) => self.conninfo.settings().tls.mode,
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
        let switch = BytesSwitch::default();
        let stream = Stream::new(self.open().await?, switch.clone());
        let config = self.config(config::SslMode::Disable);
        let (client, driver) = config.connect_raw(stream, NoTls).await.map_err(classify)?;
        Ok(self.connection(client, driver, switch, None))
    }

    async fn encrypted(&self) -> Result<Connection, (FailureKind, Cause)> {
        let settings = &self.conninfo.settings().tls;
        let (mut tls, warnings) = tls::connector(settings, self.endpoint.name())
            .map_err(|error| (FailureKind::Tls, error.into()))?;
        let (socket, name) = (self.open().await?, self.host());
        let switch = BytesSwitch::default();
        let connector = MakeTlsConnect::<Socket>::make_tls_connect(&mut tls, &name)
            .map_err(|error| (FailureKind::Tls, error.into()))?;
        let tls_under = TlsUnder { connector, switch: switch.clone() };
        let config = self.config(config::SslMode::Require);
        let (client, driver) = config.connect_raw(socket, tls_under).await.map_err(classify)?;
        let mut connection = self.connection(client, driver, switch, Some((tls, name)));
        connection.warnings.splice(0..0, warnings);
        Ok(connection)
    }

    async fn open(&self) -> Result<Socket, (FailureKind, Cause)> {
        self.opening().open().await.map_err(|error| (by_io(&error), error.into()))
    }

    fn opening(&self) -> Opening {
        let keepalives = self.conninfo.settings().keepalives.clone();
        Opening { address: self.address.clone(), keepalives }
    }

    /// The name that a certificate must be for.
    fn host(&self) -> String {
        let address = || self.address.ip().map(|address| address.to_string()).unwrap_or_default();
        self.endpoint.name().map_or_else(address, str::to_owned)
    }

    fn connection<S, T>(
        &self,
        client: Client,
        driver: tokio_postgres::Connection<S, T>,
        switch: BytesSwitch,
        tls: Option<(MakeRustlsConnect, String)>,
    ) -> Connection
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        Connection {
            place: self.place(Some(tls.is_some())),
            encrypted: tls.is_some(),
            server_encoding: driver.parameter("server_encoding").unwrap_or_default().to_owned(),
            warnings: self.conninfo.warnings().to_vec(),
            canceller: Canceller { token: client.cancel_token(), opening: self.opening(), tls },
            switch,
            client,
            driver: tokio::spawn(drive(driver)),
        }
    }

    /// The startup message and TLS in the terms of `tokio_postgres`.
    fn config(&self, mode: config::SslMode) -> Config {
        let settings = self.conninfo.settings();
        let mut config = Config::new();
        config
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
            });
        if let Some(password) = self.conninfo.password(self.endpoint) {
            config.password(password);
        }
        if let Some(options) = &settings.options {
            config.options(options);
        }
        config
    }

    fn failure(&self, encrypted: Option<bool>, kind: FailureKind, cause: Cause) -> Failure {
        Failure { kind, place: self.place(encrypted), cause }
    }

    fn place(&self, encrypted: Option<bool>) -> String {
        let mut place = self.endpoint.to_string();
        if let (Address::Name(name), Some(address)) = (&self.endpoint.address, self.address.ip())
            && *name != address.to_string()
        {
            place = format!("{place} ({address})");
        }
        match encrypted {
            Some(true) => place + " with TLS",
            Some(false) if self.address.ip().is_some() => place + " without TLS",
            _ => place,
        }
    }
}

/// Drives a connection to its end. Queries report its errors themselves.
async fn drive<S, T>(connection: tokio_postgres::Connection<S, T>)
where
    S: AsyncRead + AsyncWrite + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
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
