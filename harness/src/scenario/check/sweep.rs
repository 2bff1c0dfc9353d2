//! Checks of `[sweep]`: what is varied, and for how long.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::Hash;
use std::ops::Range;

use restore_core::format::{Compression, Format};
use restore_core::units::Jobs;
use toml::Spanned;

use super::super::file::{ScenarioFile, SweepFile, SweptJobs};
use super::super::quantity::Percent;
use super::super::{Blocks, Cache, EngineKind, Phase, Sweep};
use super::{Check, Flaw, flaw};

impl Check<'_> {
    pub(super) fn sweep(
        &self,
        scenario: &ScenarioFile,
        given_archive: bool,
    ) -> Result<Sweep, Flaw> {
        let file = &scenario.sweep;
        let (jobs, is_auto) = self.jobs(file)?;
        let formats = axis(
            "formats",
            self.overrides.formats.as_ref(),
            file.formats.as_ref(),
            if given_archive { vec![] } else { vec![Format::Custom, Format::Directory] },
        )?;
        let gzip = "gzip:6".parse::<Compression>().map_err(|message| Flaw { span: None, message });
        let compression = axis(
            "compression",
            None,
            file.compression.as_ref(),
            if given_archive { vec![] } else { vec![gzip?] },
        )?;
        if given_archive && !(formats.is_empty() && compression.is_empty()) {
            return flaw(
                file.formats.as_ref().map(Spanned::span),
                "a given archive is restored as it is: leave out formats and compression",
            );
        }
        let mut engines = axis(
            "engines",
            self.overrides.engines.as_ref(),
            file.engines.as_ref(),
            vec![EngineKind::default()],
        )?;
        let span_of_engines =
            file.engines.as_ref().map(Spanned::span).filter(|_| self.overrides.engines.is_none());
        check_engines(scenario.phase, &engines, &formats, span_of_engines)?;
        if is_auto && !engines.contains(&EngineKind::Native) {
            return flaw(
                file.jobs.as_ref().map(Spanned::span),
                "jobs = [..., \"auto\"] is of the native engine: add engines = [\"native\"]",
            );
        }
        let max_jobs = file.max_jobs.as_ref();
        if let Some(max_jobs) = max_jobs.filter(|_| !is_auto) {
            return flaw(max_jobs.span(), "max_jobs is for jobs = [..., \"auto\"]: leave it out");
        }
        if is_auto {
            engines.push(EngineKind::Auto);
        }
        check_serial_formats(
            Serial { phase: scenario.phase, engines: &engines },
            &jobs,
            &formats,
            file.formats.as_ref().map(Spanned::span).filter(|_| self.overrides.formats.is_none()),
        )?;
        Ok(Sweep {
            jobs,
            max_jobs: max_jobs.map(|jobs| *jobs.get_ref()),
            formats,
            compression,
            fixed_jobs: BTreeMap::new(),
            engines,
            blocks: self.blocks(file)?,
            cache: file.cache.unwrap_or(Cache::Warm),
            warm_up: file.warm_up.unwrap_or_default(),
            budget: self.overrides.budget.or(file.budget),
            trial_limit: file.trial_limit,
            seed: self.overrides.seed.or(file.seed),
            load_interval: file.load_interval.unwrap_or_default(),
        })
    }

    /// The numbers of jobs, ascending, and whether `auto` is beside them.
    fn jobs(&self, file: &SweepFile) -> Result<(Vec<Jobs>, bool), Flaw> {
        let default_jobs = [1, 2, 4, 8].into_iter().filter_map(|jobs| Jobs::new(jobs).ok());
        let default_jobs: Vec<_> = default_jobs.map(SweptJobs::Fixed).collect();
        let swept = axis("jobs", None, file.jobs.as_ref(), default_jobs)?;
        let fixed = swept.iter().filter_map(|of| match of {
            SweptJobs::Fixed(jobs) => Some(*jobs),
            SweptJobs::Auto => None,
        });
        let mut jobs = axis("jobs", self.overrides.jobs.as_ref(), None, fixed.collect())?;
        jobs.sort_unstable();
        if jobs.is_empty() {
            return flaw(
                file.jobs.as_ref().map(Spanned::span),
                "jobs has \"auto\" alone: give numbers to compare it with; the largest is its most",
            );
        }
        Ok((jobs, swept.contains(&SweptJobs::Auto)))
    }

    fn blocks(&self, file: &SweepFile) -> Result<Blocks, Flaw> {
        /// STATISTICS, "Stopping": at least 3 blocks for a report, 10 at most
        /// unless asked.
        const DEFAULT: (u32, u32) = (3, 10);

        let precision = file.blocks.precision.unwrap_or(Percent::new(3));
        if let Some(blocks) = self.overrides.blocks {
            if blocks == 0 {
                return flaw(None, "--blocks 0: give at least 1");
            }
            return Ok(Blocks { min: blocks, max: blocks, precision });
        }
        let min = file.blocks.min.as_ref().map_or(DEFAULT.0, |min| *min.get_ref());
        let max = file.blocks.max.as_ref().map_or(DEFAULT.1.max(min), |max| *max.get_ref());
        let span = file.blocks.max.as_ref().or(file.blocks.min.as_ref()).map(Spanned::span);
        if min == 0 {
            return flaw(span, "blocks.min is 0: give at least 1");
        }
        if max < min {
            return flaw(span, format!("blocks.max {max} is below blocks.min {min}"));
        }
        Ok(Blocks { min, max, precision })
    }
}

/// An axis of the sweep: the command line's, the file's, or the default.
fn axis<T: Copy + Eq + Hash + fmt::Display>(
    name: &str,
    given: Option<&Vec<T>>,
    file: Option<&Spanned<Vec<T>>>,
    default: Vec<T>,
) -> Result<Vec<T>, Flaw> {
    let span = if given.is_some() { None } else { file.map(Spanned::span) };
    let Some(values) = given.or(file.map(Spanned::get_ref)) else {
        return Ok(default);
    };
    if values.is_empty() {
        return flaw(span, format!("{name} is empty: give at least one value"));
    }
    let mut seen = std::collections::HashSet::new();
    match values.iter().find(|value| !seen.insert(**value)) {
        Some(twice) => flaw(span, format!("{name} has {twice} twice")),
        None => Ok(values.clone()),
    }
}

/// What decides whether an archive is worked on by one job alone.
#[derive(Clone, Copy)]
struct Serial<'a> {
    phase: Phase,
    engines: &'a [EngineKind],
}

impl Serial<'_> {
    fn is_parallel(self, format: Format) -> bool {
        self.engines.iter().any(|&engine| self.phase.is_parallel(format, engine))
    }
}

/// Dumps are made by `pg_dump` alone, and plain dumps restored by `psql` alone.
fn check_engines(
    phase: Phase,
    engines: &[EngineKind],
    formats: &[Format],
    span: Option<Range<usize>>,
) -> Result<(), Flaw> {
    if engines.contains(&EngineKind::Auto) {
        return flaw(span, "no engine \"native-auto\": give native, and add \"auto\" to jobs");
    }
    if !engines.contains(&EngineKind::Native) {
        return Ok(());
    }
    if phase == Phase::Dump {
        return flaw(span, "engine native restores, it makes no dumps: leave out engines");
    }
    let restores_some = |&format: &Format| EngineKind::Native.restores(format);
    if !formats.is_empty() && !formats.iter().any(restores_some) {
        return flaw(
            span,
            "engine native restores archives, not plain dumps: add format custom, directory or tar",
        );
    }
    Ok(())
}

/// Tar and plain restore serially, and all but directories are made so. Beside a
/// parallel format they are points of reference at one job, which must then be on
/// the axis.
fn check_serial_formats(
    serial: Serial<'_>,
    jobs: &[Jobs],
    formats: &[Format],
    span: Option<Range<usize>>,
) -> Result<(), Flaw> {
    let phase = serial.phase;
    let is_parallel = |format: Format| serial.is_parallel(format);
    let Some(serial) = formats.iter().find(|&&format| !is_parallel(format)) else {
        return Ok(());
    };
    if !jobs.contains(&Jobs::ONE) {
        return flaw(span, format!("format {serial} takes 1 job alone: add 1 to jobs"));
    }
    let all_serial = formats.iter().all(|&format| !is_parallel(format));
    match jobs.iter().find(|&&jobs| all_serial && jobs != Jobs::ONE) {
        Some(jobs) => flaw(
            span,
            match phase {
                Phase::Restore => format!(
                    "format {serial} cannot be restored with {jobs} jobs: pg_restore -j takes \
                     custom and directory archives; say jobs = [1], or add a parallel format"
                ),
                Phase::Dump => format!(
                    "format {serial} cannot be dumped with {jobs} jobs: pg_dump -j makes \
                     directories alone; say jobs = [1], or add directory"
                ),
            },
        ),
        None => Ok(()),
    }
}
