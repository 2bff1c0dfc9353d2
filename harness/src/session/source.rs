//! Where the trials of a run come from: blocks of all cells, or one chosen after the other.

use anyhow::bail;
use restore_core::archive::Archive;
use restore_core::plan::PgMajor;
use restore_core::selection::Selected;
use restore_core::units::Jobs;

use crate::dataset::selection::Selection;
use crate::design::{Adaptive, Design, Trial};
use crate::recommend::{Decision, StopRule};
use crate::record::{Ending, RunRecord, ServerRecord, TrialRow};
use crate::scenario::Scenario;
use crate::sweep::venue::Venues;
use crate::sweep::{self, BlockSource, ShardSource, Source};
use crate::tune::{Prior, Rule};

/// The source of the trials of a run.
pub(super) fn source<'a>(run: &'a RunRecord, rule: &'a BlockRule) -> Box<dyn Source + 'a> {
    let blocks = run.scenario.sweep.blocks;
    match (&run.adaptive, run.shard) {
        (Some(adaptive), _) => {
            Box::new(TuneSource { design: &run.design, rule: Rule::of(run, adaptive) })
        }
        (None, Some(shard)) => Box::new(ShardSource::new(&run.design, blocks.max, shard)),
        (None, None) => Box::new(BlockSource::new(&run.design, blocks, rule)),
    }
}

/// The sweep asks at the end of each block; the recommendation answers.
pub(super) struct BlockRule(StopRule);

impl BlockRule {
    pub(super) fn of(run: &RunRecord) -> Self {
        Self(StopRule::new(run))
    }
}

impl sweep::StopRule for BlockRule {
    fn decide(&self, trials: &[TrialRow]) -> Option<Ending> {
        match self.0.decide(trials) {
            Decision::Continue => None,
            Decision::Stop(ending) => Some(ending),
        }
    }
}

/// The restores of a tuning run, one chosen after the other.
struct TuneSource<'a> {
    design: &'a Design,
    rule: Rule,
}

impl Source for TuneSource<'_> {
    /// A block is the n-th restore of each number of jobs: nothing else holds
    /// the trials together.
    fn trial(&self, rows: &[TrialRow]) -> Option<Trial<'_>> {
        let step = self.rule.next(rows)?;
        let cell = self.design.cells().get(step.cell)?;
        let block = 1 + rows.iter().filter(|row| row.jobs == cell.jobs).count() as u32;
        let position = 1 + rows.iter().filter(|row| row.block == block).count() as u32;
        let number = rows.len() as u32 + 1;
        Some(Trial { number, block, position, cell, limit: step.limit })
    }

    fn ending(&self, rows: &[TrialRow]) -> Option<Ending> {
        self.rule.ending(rows)
    }

    fn reason(&self, rows: &[TrialRow]) -> Option<String> {
        self.rule.next(rows).map(|step| step.reason)
    }

    fn group(&self) -> usize {
        1
    }

    fn range(&self) -> (usize, usize) {
        (0, self.rule.max_restores)
    }
}

/// What a run that chooses its trials must remember to choose them again.
pub(super) fn adaptive(
    scenario: &Scenario,
    max_restores: u32,
    design: &Design,
    venues: &Venues,
) -> anyhow::Result<Adaptive> {
    let archives: Vec<_> = venues.archives().collect();
    let [archive] = archives[..] else { bail!("tune one archive at a time") };
    if !archive.key.format.is_parallel() {
        bail!(
            "{} is a {} archive, which pg_restore restores with 1 job alone: there is nothing \
             to tune",
            archive.path.display(),
            archive.key.format
        );
    }
    let jobs: Vec<Jobs> = design.cells().iter().map(|cell| cell.jobs).collect();
    let server = venues.all.first().map(|venue| &venue.record);
    let cores = server.and_then(|server| server.cores);
    let contents = Archive::open(&archive.path)?;
    let major = client_major(server);
    // What pg_restore can restore although it cannot be planned is tuned
    // without a plan.
    let selection = Selection::read(&scenario.options(&archive.key.variant), major)?;
    let selected = match &selection {
        Some(selection) => selection.of(&contents)?,
        None => Selected::whole(contents.toc(), major),
    };
    let prior = Prior::new(&selected, major, &jobs, cores)
        .unwrap_or_else(|_| Prior::without_contents(&jobs, cores));
    Ok(Adaptive { floors: prior.floors, cores, max_restores })
}

fn client_major(server: Option<&ServerRecord>) -> PgMajor {
    let major = server.and_then(|server| {
        server.client_version.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
    });
    PgMajor(major.or(server.map(|server| server.major)).unwrap_or(17))
}
