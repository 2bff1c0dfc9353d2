//! What the server and the host say when they are asked.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};
use restore_core::connection::{Connection, Conninfo, connect};
use tokio::time::Instant;

use super::LimitKind;
use crate::load::HostShares;
use crate::report::format;

/// Sessions of others and the write-ahead log. A restore's own sessions and the probe are not
/// counted.
const SERVER: &str = "SELECT \
    (SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE state = 'active' \
      AND application_name NOT LIKE 'jobtune%' AND backend_type = 'client backend'), \
    (SELECT count(DISTINCT l.pid) FROM pg_catalog.pg_locks l \
      JOIN pg_catalog.pg_stat_activity a USING (pid) \
      WHERE NOT l.granted AND a.application_name NOT LIKE 'jobtune%'), \
    (SELECT max(EXTRACT(epoch FROM replay_lag))::float8 FROM pg_catalog.pg_stat_replication), \
    (SELECT count(*) FROM pg_catalog.pg_stat_replication), \
    CASE WHEN NOT pg_catalog.pg_is_in_recovery() THEN \
      pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_insert_lsn(), '0/0')::float8 END";

/// Asks the server and reads the host, again and again.
pub(super) struct Readers {
    server: Option<ServerReader>,
    host: Option<HostShares>,
}

struct ServerReader {
    connection: Connection,
    /// The end of the write-ahead log when it was last asked.
    wal: Option<(Instant, f64)>,
}

/// What is read of each limit.
pub(super) type Readings = BTreeMap<LimitKind, f64>;

impl Readers {
    /// Opens what the limits need, and refuses those that nothing here can tell.
    pub(super) async fn open(kinds: &[LimitKind], target: &Conninfo) -> anyhow::Result<Self> {
        let needs_server = kinds.iter().any(|kind| kind.is_of_server());
        let needs_host = kinds.iter().any(|kind| !kind.is_of_server() && !kind.is_of_probe());
        let connection = if needs_server || needs_host {
            let connection = connect(target).await?;
            connection.client.batch_execute("SET application_name = 'jobtune limits'").await?;
            Some(connection)
        } else {
            None
        };
        let host = match &connection {
            Some(connection) if needs_host => {
                Some(HostShares::open(data_directory(connection, target).await?.as_deref()))
            }
            _ => None,
        };
        let server = connection.map(|connection| ServerReader { connection, wal: None });
        let mut readers = Self { server: server.filter(|_| needs_server), host };
        readers.read().await?;
        // Rates are known from the second time on.
        tokio::time::sleep(Duration::from_millis(200)).await;
        let found = readers.read().await?;
        for kind in kinds.iter().filter(|kind| !kind.is_of_probe()) {
            if !found.contains_key(kind) {
                bail!("{}", cannot_be_read(*kind));
            }
        }
        Ok(readers)
    }

    /// What is read now; what cannot be read is absent.
    pub(super) async fn read(&mut self) -> anyhow::Result<Readings> {
        let mut readings = Readings::new();
        if let Some(server) = &mut self.server {
            server.read(&mut readings).await?;
        }
        if let Some(host) = &mut self.host {
            let shares = host.read();
            let found = [
                (LimitKind::Cpu, shares.cpu),
                (LimitKind::IoPressure, shares.io_pressure),
                (LimitKind::Disk, shares.disk),
            ];
            readings.extend(found.into_iter().filter_map(|(kind, of)| Some((kind, of?))));
        }
        Ok(readings)
    }
}

impl ServerReader {
    async fn read(&mut self, readings: &mut Readings) -> anyhow::Result<()> {
        let row = self.connection.client.query_one(SERVER, &[]).await;
        let row = row.context("the limits of the server cannot be read")?;
        readings.insert(LimitKind::Connections, row.get::<_, i64>(0) as f64);
        readings.insert(LimitKind::LocksWaiting, row.get::<_, i64>(1) as f64);
        if row.get::<_, i64>(3) > 0 {
            // A replica that is not behind tells no lag.
            readings.insert(LimitKind::Lag, row.get::<_, Option<f64>>(2).unwrap_or(0.0));
        }
        if let Some(end) = row.get::<_, Option<f64>>(4) {
            let now = Instant::now();
            if let Some((then, before)) = self.wal.replace((now, end)) {
                let seconds = now.duration_since(then).as_secs_f64().max(1e-3);
                readings.insert(LimitKind::WalRate, (end - before) / seconds);
            }
        }
        Ok(())
    }
}

/// Where the data of the server is, which must run on this host; `None` if this user may not know.
async fn data_directory(
    connection: &Connection,
    target: &Conninfo,
) -> anyhow::Result<Option<PathBuf>> {
    if !target.is_of_this_host() {
        bail!(
            "cpu, io-pressure and disk are read on the server's own host, and {} is reached over \
             the network: run jobtune there with a Unix socket, or keep p99, wal-rate, lag, \
             connections or locks-waiting",
            connection.place
        );
    }
    let sql = "SELECT CASE WHEN pg_catalog.pg_has_role('pg_read_all_settings', 'USAGE') \
               THEN pg_catalog.current_setting('data_directory') END";
    let row = connection.client.query_one(sql, &[]).await?;
    Ok(row.get::<_, Option<String>>(0).map(PathBuf::from))
}

fn cannot_be_read(kind: LimitKind) -> String {
    let why = match kind {
        LimitKind::Lag => "no replica streams from this server, or this user may not see it",
        LimitKind::WalRate => "the server is a standby, which writes no log of its own",
        LimitKind::IoPressure => "this kernel keeps no pressure stall information (psi=1)",
        LimitKind::Disk => {
            "the data directory is on no block device that this system tells, or this user may \
             not see where it is (pg_read_all_settings)"
        }
        LimitKind::Cpu => "this system has no /proc/stat",
        _ => "nothing here tells it",
    };
    format!("the limit {} cannot be kept: {why}", kind.name())
}

/// A reading in words and units: of seconds, shares, bytes per second or sessions.
pub(super) fn shown(kind: LimitKind, reading: f64) -> String {
    match kind {
        LimitKind::P99 | LimitKind::LatencyIncrease | LimitKind::Lag => format::time(reading),
        LimitKind::Cpu | LimitKind::IoPressure | LimitKind::Disk => {
            format!("{:.0} %", reading * 100.0)
        }
        LimitKind::WalRate => format::rate(reading),
        LimitKind::Connections | LimitKind::LocksWaiting => format!("{reading:.0}"),
    }
}
