//! What a disk really gives: directly, and through the page cache with a sync at the end.

use std::path::Path;

use anyhow::{Context as _, bail};
use restore_core::launch::{CommandLine, succeed};

use super::Bandwidth;
use crate::process::LocalLauncher;
use crate::record::DiskRecord;
use crate::scenario::disk::DiskLimits;

/// How long each measurement takes on a disk that is as slow as asked.
const SECONDS: f64 = 2.0;

/// Measured where nothing is asked.
const USUAL_BYTES: f64 = 128e6;
const USUAL_OPERATIONS: u32 = 1000;

/// A limit holds if what is measured is not above it by more.
const ABOVE: f64 = 1.25;

/// A disk that gives less than this share of a limit is limited by something else.
const BELOW: f64 = 0.6;

const MIB: f64 = (1 << 20) as f64;

/// Measures a disk in `folder`, which is on it.
pub(super) async fn measure(folder: &Path, limits: &DiskLimits) -> anyhow::Result<DiskRecord> {
    let file = folder.join("probe");
    let (input, output) = (format!("if={}", file.display()), format!("of={}", file.display()));
    let blocks = |limit: Option<Bandwidth>| {
        let bytes = limit.map_or(USUAL_BYTES, |limit| limit.bytes_per_second() * SECONDS);
        (bytes / MIB).ceil().max(8.0)
    };
    let (written, read) = (blocks(limits.write), blocks(limits.read).min(blocks(limits.write)));
    let sequential = |count: f64, arguments: [&str; 3]| {
        let arguments = arguments.map(str::to_owned);
        async move {
            let seconds = dd("1M", count, &arguments).await?;
            anyhow::Ok((count * MIB / seconds) as u64)
        }
    };
    let operations =
        limits.iops.map_or(USUAL_OPERATIONS, |iops| (f64::from(iops) * SECONDS) as u32);
    let record = DiskRecord {
        limits: *limits,
        write_direct_bytes_per_second: sequential(
            written,
            ["if=/dev/zero", &output, "oflag=direct"],
        )
        .await?,
        write_synced_bytes_per_second: sequential(written, ["if=/dev/zero", &output, "conv=fsync"])
            .await?,
        read_direct_bytes_per_second: sequential(read, [&input, "of=/dev/null", "iflag=direct"])
            .await?,
        writes_direct_per_second: {
            let arguments = ["if=/dev/zero".to_owned(), output.clone(), "oflag=direct".to_owned()];
            f64::from(operations) / dd("4k", f64::from(operations), &arguments).await?
        },
        writes_synced_per_second: {
            // Each takes several operations: the data, the journal, a flush.
            let count = (f64::from(operations) / 8.0).max(10.0).ceil();
            let arguments = ["if=/dev/zero".to_owned(), output.clone(), "oflag=dsync".to_owned()];
            count / dd("8k", count, &arguments).await?
        },
    };
    std::fs::remove_file(&file).with_context(|| format!("cannot remove {}", file.display()))?;
    tracing::debug!(?record, "slow disk");
    Ok(record)
}

/// Seconds that dd takes for so many blocks.
async fn dd(block: &str, count: f64, arguments: &[String]) -> anyhow::Result<f64> {
    let command = CommandLine::new("dd").args(arguments.iter().cloned()).args([
        format!("bs={block}"),
        format!("count={count:.0}"),
        "status=none".to_owned(),
    ]);
    let said = succeed(&LocalLauncher::on_path(), command).await;
    let said = said.context("the disk cannot be measured")?;
    Ok(said.wall.as_secs_f64().max(1e-6))
}

/// Refuses a disk that is not as slow as asked: what is measured on it would be said of another.
pub(super) fn check(record: &DiskRecord) -> anyhow::Result<()> {
    let DiskLimits { write, read, iops } = record.limits;
    let bytes = |of: Bandwidth| of.bytes_per_second();
    let is_alone = [write.is_some() || read.is_some(), iops.is_some()] != [true, true];
    let measured = [
        ("writes directly", write.map(bytes), record.write_direct_bytes_per_second as f64),
        ("writes with a sync", write.map(bytes), record.write_synced_bytes_per_second as f64),
        ("reads directly", read.map(bytes), record.read_direct_bytes_per_second as f64),
        ("writes blocks of 4 kB", iops.map(f64::from), record.writes_direct_per_second),
    ];
    for (what, limit, measured) in measured {
        let Some(limit) = limit else { continue };
        let (unit, scale) = if limit < 1e5 { ("operations/s", 1.0) } else { ("MB/s", 1e6) };
        let (limit, measured) = (limit / scale, measured / scale);
        if measured > ABOVE * limit {
            bail!(
                "the limits of server.disk do not hold here: it {what} at {measured:.1} {unit}, \
                 {limit:.1} were asked for"
            );
        }
        if is_alone && measured < BELOW * limit {
            bail!(
                "the disk here is slower than server.disk asks for: it {what} at {measured:.1} \
                 {unit}, {limit:.1} were asked for; ask for less, or name a faster disk with data_dir"
            );
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(rate: u64, operations: f64, limits: DiskLimits) -> DiskRecord {
        DiskRecord {
            limits,
            write_direct_bytes_per_second: rate,
            write_synced_bytes_per_second: rate,
            read_direct_bytes_per_second: rate,
            writes_direct_per_second: operations,
            writes_synced_per_second: operations / 4.0,
        }
    }

    #[test]
    fn a_limit_that_does_not_hold_is_refused() {
        let limits = |write: Option<&str>, iops| DiskLimits {
            write: write.map(|text| text.parse().unwrap()),
            read: None,
            iops,
        };
        let slow = limits(Some("40MB/s"), None);
        assert!(check(&measured(41_000_000, 9000.0, slow)).is_ok());
        let fast = check(&measured(900_000_000, 9000.0, slow)).unwrap_err().to_string();
        assert!(
            fast.contains("do not hold here: it writes directly at 900.0 MB/s, 40.0"),
            "{fast}"
        );
        let slower = check(&measured(10_000_000, 9000.0, slow)).unwrap_err().to_string();
        assert!(slower.contains("slower than server.disk asks for"), "{slower}");
        let few = limits(None, Some(500));
        assert!(check(&measured(900_000_000, 510.0, few)).is_ok());
        let many = check(&measured(900_000_000, 5000.0, few)).unwrap_err().to_string();
        assert!(many.contains("5000.0 operations/s, 500.0"), "{many}");
        let both = limits(Some("40MB/s"), Some(500));
        assert!(check(&measured(20_000_000, 490.0, both)).is_ok(), "one limits the other");
    }
}
