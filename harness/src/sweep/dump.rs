//! Trials that make archives instead of restoring them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use async_trait::async_trait;
use restore_core::archive::{Archive, RowCounts};
use restore_core::dump::DumpRequest;
use restore_core::format::Format;
use restore_core::launch::{Output, output_within};
use restore_core::units::Jobs;
use tokio::time::Instant;

use super::bench::{Bench, Finished};
use super::trial::{TrialRunner, Work, stopped_after};
use super::venue::{Site, Venues};
use super::watching::{self, Watched};
use crate::dataset::{Counted, Counts, differences, size_on_disk};
use crate::design::Cell;
use crate::load::Seen;
use crate::record::{Outcome, nanos};
use crate::scenario::Scenario;

/// What dumps run on; archives are made in `folder`, which is the run's own.
pub fn bench<'a>(
    scenario: &'a Scenario,
    venues: Venues,
    cells: &[Cell],
    folder: PathBuf,
) -> impl Bench + 'a {
    TrialRunner::new(scenario, venues, cells, Dumps { folder })
}

/// Dumps the source of each venue.
struct Dumps {
    /// Where archives are made: the run's own.
    folder: PathBuf,
}

/// A dump that has ended.
struct Dumped {
    /// `None` where it was stopped at its limit.
    output: Option<Output>,
    limit: Duration,
}

#[async_trait]
impl Work for Dumps {
    type Target = PathBuf;
    type Report = Dumped;

    async fn prepare(&mut self, site: &mut Site<'_>, _: &mut Finished) -> anyhow::Result<PathBuf> {
        let archive = self.folder.join(site.name());
        remove(&archive)?;
        site.server.checkpoint().await?;
        Ok(archive)
    }

    /// The archive is yet to be made: the disk that it will be on is that of its folder.
    fn sampled(&self, site: &Site<'_>, _: &PathBuf) -> anyhow::Result<(String, PathBuf)> {
        Ok((site.source()?.database.clone(), self.folder.clone()))
    }

    async fn work(
        &mut self,
        site: &Site<'_>,
        archive: &PathBuf,
        limit: Option<Duration>,
        watched: Watched<'_>,
    ) -> anyhow::Result<(Dumped, Seen)> {
        let request = DumpRequest {
            source: &site.server.measured_target(&site.source()?.database, None),
            archive,
            format: site.cell.archive.format,
            compression: site.cell.archive.compression,
            jobs: site.cell.jobs,
            snapshot: None,
        };
        let launcher = site.server.launcher();
        let command = request.command(site.server.client_version().major);
        let limit = limit.unwrap_or(Duration::MAX);
        let dumping = output_within(limit, launcher.as_ref(), command);
        let (output, seen) = watching::dump(dumping, watched).await;
        Ok((Dumped { output: output?, limit }, seen))
    }

    async fn verify(
        &mut self,
        site: &mut Site<'_>,
        archive: &mut PathBuf,
        Dumped { output, limit }: Dumped,
        trial: &mut Finished,
    ) -> anyhow::Result<()> {
        let begun = Instant::now();
        let source = site.source()?;
        let row = &mut trial.row;
        (row.rows, row.database_bytes) = (Some(source.rows.values().sum()), Some(source.bytes));
        let Some(output) = output else {
            row.wall_ns = nanos(limit);
            (row.outcome, row.message) = (Outcome::TimedOut, Some(stopped_after(limit)));
            return Ok(());
        };
        (row.outcome, row.message) = judge(row.format, archive, &source.rows, &output);
        row.verify_ns = nanos(begun.elapsed());
        row.wall_ns = nanos(output.wall);
        row.archive_bytes = size_on_disk(archive);
        row.errors = u32::from(row.outcome == Outcome::Failed);
        row.exit_code = output.exit.code;
        trial.log = output.stderr;
        Ok(())
    }

    async fn clear(
        &mut self,
        _: &mut Site<'_>,
        archive: PathBuf,
        _: &mut Vec<String>,
    ) -> anyhow::Result<()> {
        remove(&archive)
    }
}

fn judge(
    format: Format,
    archive: &Path,
    rows: &Counts,
    dumped: &Output,
) -> (Outcome, Option<String>) {
    if !dumped.exit.success() {
        let said = dumped.stderr.first().cloned();
        let status = || format!("exit status {:?}", dumped.exit.code);
        return (Outcome::Failed, Some(said.unwrap_or_else(status)));
    }
    match flaws(format, archive, rows) {
        Ok(flaws) if flaws.is_empty() => (Outcome::Completed, None),
        Ok(flaws) => (Outcome::Invalid, Some(flaws.join("; "))),
        Err(error) => (Outcome::Invalid, Some(format!("{error:#}"))),
    }
}

/// What of the source is not in the archive.
fn flaws(format: Format, archive: &Path, rows: &Counts) -> anyhow::Result<Vec<String>> {
    /// The last comment of a plain dump.
    const END: &str = "-- PostgreSQL database dump complete";

    if format == Format::Plain {
        let text = std::fs::read(archive)?;
        let end = String::from_utf8_lossy(&text[text.len().saturating_sub(200)..]);
        let is_whole = end.contains(END);
        return Ok(if is_whole { Vec::new() } else { vec![format!("{END:?} is missing")] });
    }
    let counted = Archive::open(archive)?.row_counts(Jobs::ONE)?;
    Ok(match counted {
        RowCounts::Exact(counts) => {
            let found = counts.into_iter().map(|(name, rows)| (name.to_string(), rows)).collect();
            let found = Counted { rows: found, ..Counted::default() };
            let differences = differences(rows, &Counts::new(), &found);
            differences.iter().map(ToString::to_string).collect()
        }
        RowCounts::Inserts(_) => Vec::new(),
    })
}

fn remove(archive: &Path) -> anyhow::Result<()> {
    let removed = if archive.is_dir() {
        std::fs::remove_dir_all(archive)
    } else {
        std::fs::remove_file(archive)
    };
    match removed {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", archive.display()))
        }
        _ => Ok(()),
    }
}
