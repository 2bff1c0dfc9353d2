//! What looking at the load costs: restores an archive into a throw-away
//! cluster, with the sampler and without it by turns.
//!
//!     cargo run --example load_cost -- ARCHIVE [JOBS] [PAIRS]
//!
//! Prints the processor time of this process while a restore runs, as a share
//! of one core, and the difference in the restores' wall time with its interval.
//! Take an archive that restores in 20 seconds or more.

#![expect(clippy::print_stdout, reason = "it prints what it measured")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use harness::lease::Lease;
use harness::load::{DEFAULT_INTERVAL, Sampling};
use harness::provider::{Context, Server, remove_resource};
use harness::scenario::{Provider, Server as ServerSpec};
use harness::stats::interval::Level;
use harness::stats::paired::PairedLogRatio;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use restore_core::engine::{Engine, PgRestore, RestoreRequest};
use restore_core::options::RestoreOptions;
use restore_core::units::Jobs;

/// A restore's wall time, and the processor time of this process meanwhile.
struct Cost {
    wall: Duration,
    own: Duration,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut args = std::env::args().skip(1);
    let archive = PathBuf::from(args.next().context("name an archive")?);
    let archive = archive.canonicalize().context("no such archive")?;
    let jobs: Jobs =
        args.next().unwrap_or_else(|| "2".to_owned()).parse().map_err(anyhow::Error::msg)?;
    let pairs: u32 = args.next().unwrap_or_else(|| "10".to_owned()).parse()?;

    let state = std::env::temp_dir().join(format!("load-cost-{}", std::process::id()));
    let (lease, _) = Lease::take(&state, "loadcost")?;
    let measured = measure(&lease, &archive, jobs, pairs).await;
    for resource in lease.resources()? {
        remove_resource(&resource).await?;
    }
    lease.release()?;
    std::fs::remove_dir_all(&state)?;
    measured
}

async fn measure(lease: &Lease, archive: &Path, jobs: Jobs, pairs: u32) -> anyhow::Result<()> {
    let spec = ServerSpec {
        provider: Provider::Local { bindir: None, data_dir: None },
        settings: [("fsync".to_owned(), "off".to_owned())].into(),
        network: None,
        disk: None,
    };
    let context =
        Context { run: "loadcost", lease, conninfo: None, shared: &[], max_jobs: jobs.get() };
    let server = Server::start(&spec, 0, &context).await?;
    restore(&server, lease, archive, jobs, false).await?;
    let (mut ratios, mut on_shares, mut off_shares) = (Vec::new(), Vec::new(), Vec::new());
    let share = |cost: &Cost| cost.own.as_secs_f64() / cost.wall.as_secs_f64();
    for pair in 0..pairs {
        // Which one goes first alternates too, so that drift cancels.
        let on_first = pair % 2 == 0;
        let first = restore(&server, lease, archive, jobs, on_first).await?;
        let second = restore(&server, lease, archive, jobs, !on_first).await?;
        let (on, off) = if on_first { (first, second) } else { (second, first) };
        println!(
            "pair {:>2}: on {:.3} s, off {:.3} s; this process used {:.3} % and {:.3} % of a core",
            pair + 1,
            on.wall.as_secs_f64(),
            off.wall.as_secs_f64(),
            share(&on) * 100.0,
            share(&off) * 100.0
        );
        ratios.push((on.wall.as_secs_f64() / off.wall.as_secs_f64()).ln());
        on_shares.push(share(&on));
        off_shares.push(share(&off));
    }
    let mean = |shares: &[f64]| shares.iter().sum::<f64>() / shares.len() as f64 * 100.0;
    println!(
        "own processor time while a restore runs: {:.3} % of one core, {:.3} % without sampling",
        mean(&on_shares),
        mean(&off_shares)
    );
    if let Some(ratio) = PairedLogRatio::from_differences(&ratios, Level::P95) {
        let interval = ratio.ratio_interval();
        println!(
            "wall time with sampling over that without: {:.4}, 95 % interval {:.4} to {:.4}, {} pairs",
            ratio.ratio(),
            interval.low,
            interval.high,
            ratio.n
        );
    }
    Ok(())
}

async fn restore(
    server: &Server,
    lease: &Lease,
    archive: &Path,
    jobs: Jobs,
    sampled: bool,
) -> anyhow::Result<Cost> {
    let database = server.create_database(&server.database_name("cost"), lease).await?;
    server.checkpoint().await?;
    let request = RestoreRequest {
        archive: archive.to_owned(),
        target: server.target(&database.name),
        jobs,
        options: RestoreOptions::without_roles(),
        time_limit: None,
    };
    let sampling = if sampled {
        let target = server.sampling_target(&database.name, archive).await;
        Some(Sampling::start(1, DEFAULT_INTERVAL, target).await)
    } else {
        None
    };
    let before = own_time()?;
    let report = PgRestore::new(server.launcher()).start(&request).await?.end.await;
    let own = own_time()?.saturating_sub(before);
    anyhow::ensure!(report.is_clean(), "the restore failed: {:?}", report.messages);
    if let Some(sampling) = sampling {
        sampling.stop().await;
    }
    server.drop_database(&database).await?;
    Ok(Cost { wall: report.wall, own })
}

/// Processor time of this process, without that of the programs it starts.
fn own_time() -> anyhow::Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_SELF)?;
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Ok(Duration::from_micros(micros.cast_unsigned()))
}
