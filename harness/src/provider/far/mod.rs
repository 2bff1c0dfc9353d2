//! A server that is far away: a proxy between the client programs and the server that delays
//! what goes through, each direction by itself.
//!
//! It is a delay line: what is sent later does not wait for what was sent before to arrive, so
//! that throughput does not fall with the delay. It does not lose packets, and it has no
//! congestion window: a connection over a real network of that length starts slower.

mod alarm;
mod line;

use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use restore_core::connection::{Connection, Conninfo, connect};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::task::JoinSet;
use tokio::time::Instant;

use self::alarm::Alarm;
use self::line::{Link, carry};
use super::own;
use crate::record::{NetworkRecord, nanos};
use crate::scenario::network::{Bandwidth, Network};

/// Queries that a round trip is measured with.
const ROUND_TRIPS: usize = 60;

/// How often the delay is corrected by what the proxy itself takes.
const CORRECTIONS: usize = 3;

/// A round trip that is off by less of what was asked needs no further correction.
const EXACT: f64 = 0.02;

/// What a proxy stands between, and who connects.
#[derive(Debug, Clone)]
pub(super) enum Ends {
    /// Two Unix sockets of a folder, by the ports in their names.
    Unix { folder: PathBuf, user: &'static str, server: u16, proxy: u16 },
    /// The server, and an address of this machine that clients reach.
    Tcp { server: String, user: &'static str, proxy: IpAddr },
}

impl Ends {
    /// How clients reach the proxy that listens on `port`.
    fn conninfo(&self, port: u16) -> anyhow::Result<Conninfo> {
        let (host, user) = match self {
            Self::Unix { folder, user, .. } => {
                let folder = folder.to_string_lossy().replace('\\', "\\\\").replace('\'', "\\'");
                (format!("'{folder}'"), user)
            }
            Self::Tcp { proxy, user, .. } => (proxy.to_string(), user),
        };
        let text = format!("host={host} port={port} user={user} dbname=postgres sslmode=disable");
        own::conninfo(&text)
    }
}

/// A server that is far away.
pub(super) struct Far {
    network: Network,
    client: Conninfo,
    record: NetworkRecord,
    _proxy: Proxy,
}

impl Far {
    /// Puts `network` before the server that `near` leads to. The round trip that it adds is
    /// what was asked for, by measurement: what the proxy itself takes is part of it.
    pub(super) async fn put(ends: Ends, network: Network, near: &Conninfo) -> anyhow::Result<Self> {
        let asked = network.latency();
        let mut latency = asked;
        let mut corrections = 0;
        loop {
            let proxy = Proxy::start(&ends, latency, network).await?;
            let client = ends.conninfo(proxy.port)?;
            let (before, through) = round_trips(near, &client).await?;
            let record = NetworkRecord {
                latency_ns: nanos(asked),
                bandwidth: network.bandwidth.map(|of| of.bytes_per_second() as u64),
                round_trip_before_ns: nanos(before),
                round_trip_ns: nanos(through),
            };
            tracing::debug!(?record, ?latency, "far server");
            let off = record.added().as_secs_f64() - record.asked().as_secs_f64();
            let is_exact = off.abs() <= EXACT * record.asked().as_secs_f64();
            if is_exact || asked.is_zero() || corrections == CORRECTIONS {
                return Ok(Self { network, client, record, _proxy: proxy });
            }
            corrections += 1;
            latency = Duration::from_secs_f64((latency.as_secs_f64() - off / 2.0).max(0.0));
            proxy.stop().await;
        }
    }

    pub(super) fn network(&self) -> Network {
        self.network
    }

    /// How client programs reach the server over it.
    pub(super) fn client(&self) -> &Conninfo {
        &self.client
    }

    pub(super) fn record(&self) -> &NetworkRecord {
        &self.record
    }
}

/// A proxy that runs. It ends, with its connections, when it is dropped.
struct Proxy {
    tasks: JoinSet<()>,
    /// Where it listens.
    port: u16,
}

impl Proxy {
    /// Listens, and delays what goes through.
    async fn start(ends: &Ends, latency: Duration, network: Network) -> anyhow::Result<Self> {
        let alarm = Alarm::start();
        let link =
            || Arc::new(Link::new(latency, network.bandwidth.map(Bandwidth::bytes_per_second)));
        let network = Line { to_server: link(), to_client: link(), alarm };
        let mut tasks = JoinSet::new();
        let port = match ends.clone() {
            Ends::Unix { folder, server, proxy, .. } => {
                let path = socket_path(&folder, proxy);
                // One of a proxy that was stopped.
                let _ = std::fs::remove_file(&path);
                let listener = UnixListener::bind(&path)
                    .with_context(|| format!("cannot listen on {}", path.display()))?;
                tasks.spawn(async move {
                    let server = socket_path(&folder, server);
                    let mut lines = JoinSet::new();
                    while let Ok((client, _)) = listener.accept().await {
                        while lines.try_join_next().is_some() {}
                        let (network, server) = (network.clone(), server.clone());
                        lines.spawn(async move {
                            network.join(client, UnixStream::connect(server)).await;
                        });
                    }
                });
                proxy
            }
            Ends::Tcp { server, proxy, .. } => {
                let listener = TcpListener::bind((proxy, 0))
                    .await
                    .with_context(|| format!("cannot listen on {proxy}"))?;
                let port = listener.local_addr()?.port();
                tasks.spawn(async move {
                    let mut lines = JoinSet::new();
                    while let Ok((client, _)) = listener.accept().await {
                        while lines.try_join_next().is_some() {}
                        let (network, server) = (network.clone(), server.clone());
                        let _ = client.set_nodelay(true);
                        lines.spawn(async move { network.join(client, connect_tcp(server)).await });
                    }
                });
                port
            }
        };
        Ok(Self { tasks, port })
    }

    async fn stop(mut self) {
        self.tasks.shutdown().await;
    }
}

fn socket_path(folder: &Path, port: u16) -> PathBuf {
    folder.join(format!(".s.PGSQL.{port}"))
}

async fn connect_tcp(server: String) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(server).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Both directions of a network.
#[derive(Clone)]
struct Line {
    to_server: Arc<Link>,
    to_client: Arc<Link>,
    alarm: Alarm,
}

impl Line {
    /// Joins a client with the server until both have ended what they send.
    async fn join<C, S>(self, client: C, server: impl Future<Output = io::Result<S>>)
    where
        C: AsyncRead + AsyncWrite,
        S: AsyncRead + AsyncWrite,
    {
        // A handshake takes a round trip before anything else is sent.
        self.alarm.at(Instant::now() + self.to_server.latency + self.to_client.latency).await;
        let Ok(server) = server.await else { return };
        let (from_client, to_client) = tokio::io::split(client);
        let (from_server, to_server) = tokio::io::split(server);
        // Either end that fails is gone; the other one is told by the end of its stream.
        let _ = tokio::join!(
            carry(from_client, to_server, self.to_server, self.alarm.clone()),
            carry(from_server, to_client, self.to_client, self.alarm),
        );
    }
}

/// The median of a query's round trip.
pub(super) async fn round_trip(way: &Conninfo) -> anyhow::Result<Duration> {
    round_trips(way, way).await.map(|(one, _)| one)
}

/// The medians of a query's round trip by two ways, measured by turns.
async fn round_trips(near: &Conninfo, far: &Conninfo) -> anyhow::Result<(Duration, Duration)> {
    async fn once(connection: &Connection) -> anyhow::Result<Duration> {
        let start = Instant::now();
        connection.client.simple_query("SELECT 1").await?;
        Ok(start.elapsed())
    }

    let (near, far) = (connect(near).await?, connect(far).await?);
    let (mut before, mut through) = (Vec::new(), Vec::new());
    for _ in 0..ROUND_TRIPS {
        before.push(once(&near).await?);
        through.push(once(&far).await?);
    }
    let middle = |mut times: Vec<Duration>| {
        times.sort_unstable();
        times[times.len() / 2]
    };
    Ok((middle(before), middle(through)))
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    const BYTES: usize = 1 << 30;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_proxy_without_delay_lets_through_far_more_than_a_restore_sends() {
        let sink = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let server = sink.local_addr().unwrap().to_string();
        let ends = Ends::Tcp { server, user: "x", proxy: "127.0.0.1".parse().unwrap() };
        let proxy = Proxy::start(&ends, Duration::ZERO, Network::default()).await.unwrap();
        let received = tokio::spawn(async move {
            let (mut stream, _) = sink.accept().await.unwrap();
            let (mut buffer, mut total) = (vec![0; 1 << 20], 0);
            while total < BYTES {
                total += stream.read(&mut buffer).await.unwrap();
            }
            Instant::now()
        });
        let mut client = TcpStream::connect(("127.0.0.1", proxy.port)).await.unwrap();
        let piece = vec![7; 1 << 20];
        let start = Instant::now();
        for _ in 0..BYTES / piece.len() {
            client.write_all(&piece).await.unwrap();
        }
        let seconds = received.await.unwrap().duration_since(start).as_secs_f64();
        let rate = BYTES as f64 / seconds / 1e9;
        // Restores here send less than 0.1 GB/s; sender, proxy and receiver share two processors.
        assert!(rate > 0.3, "{rate:.2} GB/s");
    }
}
