//! Arguments of the commands that measure: `sweep`, `merge`, `noise`, `tune`.

use std::path::{Path, PathBuf};

use clap::Args;
use restore_core::format::Format;
use restore_core::options::{OptionError, RestoreOptions};
use restore_core::units::Jobs;

use super::OutputFormat;
use crate::design::ShardChoice;
use crate::merge::Allowance;
use crate::scenario::disk::DiskLimits;
use crate::scenario::error_policy::Pattern;
use crate::scenario::network::Bandwidth;
use crate::scenario::quantity::{Percent, Price, Scale, Span, WarmUp};
use crate::scenario::{EngineKind, ErrorPolicy, Overrides, ProviderKind, Verification};

/// Arguments of `jobtune sweep`.
///
/// Give a scenario file, or --archive alone for a dump of your own, or
/// --resume to go on with a run.
#[derive(Debug, Clone, Default, Args)]
pub struct SweepArgs {
    /// Scenario files. Several are swept one after the other, each into a run
    /// folder of its own, with one summary.
    #[arg(value_name = "SCENARIO", required_unless_present_any = ["archive", "resume", "like"])]
    pub scenarios: Vec<PathBuf>,
    /// Restore this archive (custom, directory or tar) instead of the
    /// scenario's dataset.
    #[arg(long, value_name = "PATH")]
    pub archive: Option<PathBuf>,
    /// The run folder to make [default: runs/NAME-TIME]; of several scenarios,
    /// the folder in which each makes one by its name.
    #[arg(long, value_name = "DIR", conflicts_with = "resume")]
    pub out: Option<PathBuf>,
    /// Go on with the run in this folder.
    #[arg(
        long,
        value_name = "DIR",
        conflicts_with_all = [
            "variants", "jobs", "engines", "formats", "blocks", "seed", "archive", "image",
            "provider", "scale", "latency", "bandwidth", "disk",
        ]
    )]
    pub resume: Option<PathBuf>,
    /// Sweep what the run in this folder did: its scenario, blocks and seed.
    #[arg(
        long,
        value_name = "DIR",
        conflicts_with_all = [
            "scenarios", "archive", "resume", "variants", "jobs", "engines", "formats", "blocks",
            "image", "provider", "latency", "bandwidth", "disk", "scale", "before", "after",
            "database", "errors", "accept_error", "verify", "restore_options",
        ]
    )]
    pub like: Option<PathBuf>,
    /// Run a share of the blocks, as 2/8: the second of eight. `auto` asks the
    /// environment of a task of Slurm, GitLab, Grid Engine or AWS Batch, and
    /// `auto/8` that of Kubernetes, which tells no count; see docs/hosts.md.
    #[arg(long, value_name = "INDEX/COUNT", conflicts_with = "resume")]
    pub shard: Option<ShardChoice>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap makes help of documentation")]
    pub host: HostArgs,
    /// These variants of the scenario alone; `base` is what it says outside of `[[variant]]`.
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    pub variants: Option<Vec<String>>,
    /// Values of -j.
    #[arg(long, value_name = "N,...", value_delimiter = ',')]
    pub jobs: Option<Vec<Jobs>>,
    /// Engines that restore: `pg_restore`, `native`.
    #[arg(long, value_name = "ENGINE,...", value_delimiter = ',')]
    pub engines: Option<Vec<EngineKind>>,
    /// Archive formats: custom, directory, tar, plain.
    #[arg(long, value_name = "FORMAT,...", value_delimiter = ',')]
    pub formats: Option<Vec<Format>>,
    /// Exactly this many blocks.
    #[arg(long, value_name = "N")]
    pub blocks: Option<u32>,
    /// How much data to make: small, normal, or a factor.
    #[arg(long, value_name = "SCALE")]
    pub scale: Option<Scale>,
    /// Start no block that would end after this time: 90s, 30m, 2h.
    #[arg(long, value_name = "TIME")]
    pub budget: Option<Span>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap makes help of documentation")]
    pub hooks: HookArgs,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap makes help of documentation")]
    pub server: ServerArgs,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap makes help of documentation")]
    pub errors: ErrorArgs,
    /// What of each restored database is held against its archive: how many
    /// `rows` each table has, or `hashes` of all that they hold [default: rows].
    #[arg(long, value_name = "WHAT", conflicts_with = "resume")]
    pub verify: Option<Verification>,
    /// Seed of the random order [default: drawn].
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Print the design, and what it will take, and do nothing.
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap makes help of documentation")]
    pub state: StateArgs,
    /// `pg_restore`'s own options, for every variant: `-- --no-comments -t orders`.
    #[arg(last = true, value_name = "PG_RESTORE OPTION", conflicts_with = "resume")]
    pub restore_options: Vec<String>,
}

impl SweepArgs {
    /// The scenario file, if there is just one.
    pub fn scenario(&self) -> Option<&Path> {
        match &self.scenarios[..] {
            [scenario] => Some(scenario),
            _ => None,
        }
    }

    /// The same for one of its scenarios.
    #[must_use]
    pub fn of(&self, scenario: &Path) -> Self {
        Self { scenarios: vec![scenario.to_owned()], ..self.clone() }
    }

    /// What is said over the scenario's head.
    pub fn overrides(&self) -> Result<Overrides, OptionError> {
        let mut options = RestoreOptions::default();
        options.read_words(&self.restore_options)?;
        Ok(Overrides {
            variants: self.variants.clone(),
            jobs: self.jobs.clone(),
            engines: self.engines.clone(),
            formats: self.formats.clone(),
            blocks: self.blocks,
            budget: self.budget,
            provider: self.server.provider,
            seed: self.seed,
            bindir: self.server.bindir.clone(),
            data_dir: self.server.data_dir.clone(),
            image: self.server.image.clone(),
            conninfo: self.server.conninfo.is_some(),
            latency: self.server.latency,
            bandwidth: self.server.bandwidth,
            disk: self.server.disk,
            archive: self.archive.clone(),
            scale: self.scale,
            errors: self.errors.policy(),
            verify: self.verify,
            options,
            before: self.hooks.before.clone(),
            after: self.hooks.after.clone(),
            database: self.hooks.database.clone(),
        })
    }
}

/// What is done around each restore.
#[derive(Debug, Clone, Default, Args)]
pub struct HookArgs {
    /// Run this SQL script in the fresh database before each restore; may be
    /// given several times.
    #[arg(long, value_name = "FILE", conflicts_with = "resume")]
    pub before: Vec<PathBuf>,
    /// Run this SQL script in the database after each restore, before its rows
    /// are counted; may be given several times.
    #[arg(long, value_name = "FILE", conflicts_with = "resume")]
    pub after: Vec<PathBuf>,
    /// Give the database of each trial this name, where an extension insists
    /// on one. The server must not have such a database yet.
    #[arg(long, value_name = "NAME", conflicts_with = "resume")]
    pub database: Option<String>,
}

/// By what this host is known in answers about several.
#[derive(Debug, Clone, Default, Args)]
pub struct HostArgs {
    /// What to call this host, or its kind: `recommend --by host` answers for
    /// those of one label together.
    #[arg(long, value_name = "LABEL", env = "JOBTUNE_HOST_LABEL")]
    pub host_label: Option<String>,
    /// What this host costs in an hour, in any currency: answers tell what a
    /// restore costs.
    #[arg(long, value_name = "PRICE")]
    pub price_per_hour: Option<Price>,
}

/// The server that trials are run on, and where its files are.
#[derive(Debug, Clone, Default, Args)]
pub struct ServerArgs {
    /// Where the server comes from.
    #[arg(long, value_enum)]
    pub provider: Option<ProviderKind>,
    /// The docker provider's image.
    #[arg(long, value_name = "IMAGE")]
    pub image: Option<String>,
    /// Connection string of the external provider's server, as psql takes it.
    /// It shows in process lists: keep passwords in a password file.
    #[arg(long, value_name = "CONNINFO")]
    pub conninfo: Option<String>,
    /// Folder of the PostgreSQL programs.
    #[arg(long, value_name = "DIR")]
    pub bindir: Option<PathBuf>,
    /// Folder in which a local cluster is made: the disk under test.
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Put the server so far away, each direction: 5ms makes a round trip of 10 ms.
    #[arg(long, value_name = "TIME")]
    pub latency: Option<Span>,
    /// Let so much through to the server and back: 100Mbit, 12MB/s.
    #[arg(long, value_name = "RATE")]
    pub bandwidth: Option<Bandwidth>,
    /// Limit the server's disk (Linux, root): write=40MB/s,read=80MB/s,iops=500.
    #[arg(long, value_name = "LIMITS")]
    pub disk: Option<DiskLimits>,
    /// Folder in which archives are kept between runs.
    #[arg(long, value_name = "DIR", env = "JOBTUNE_CACHE_DIR")]
    pub cache_dir: Option<PathBuf>,
}

/// Which errors of a restore are accepted.
#[derive(Debug, Clone, Default, Args)]
pub struct ErrorArgs {
    /// Errors that a restore may report and still count: `harmless` ones (docs/errors.md),
    /// the `same` as the warm-up restore item by item, or `none` [default: harmless].
    #[arg(long, value_name = "WHICH", value_parser = ["harmless", "same", "none"])]
    pub errors: Option<String>,
    /// Accept errors whose message matches this regular expression, beside harmless ones. May
    /// be repeated.
    #[arg(long, value_name = "REGEX", conflicts_with = "errors")]
    pub accept_error: Vec<Pattern>,
}

impl ErrorArgs {
    /// What is said over the scenario's head.
    pub fn policy(&self) -> Option<ErrorPolicy> {
        if !self.accept_error.is_empty() {
            return Some(ErrorPolicy::Matching(self.accept_error.clone()));
        }
        self.errors.as_deref().and_then(|word| word.parse().ok())
    }
}

/// Where jobtune keeps track of what it has made.
#[derive(Debug, Clone, Default, Args)]
pub struct StateArgs {
    /// Folder in which runs note what they make.
    #[arg(long, value_name = "DIR", env = "JOBTUNE_STATE_DIR")]
    pub state_dir: Option<PathBuf>,
}

/// Arguments of `jobtune merge`.
///
/// The merged run has each designed trial once, as if one host had swept all
/// blocks, and remembers which host had which.
#[derive(Debug, Args)]
pub struct MergeArgs {
    /// Run folders of shards: `jobtune sweep --shard 1/8`, in any order.
    #[arg(required = true, value_name = "RUN")]
    pub runs: Vec<PathBuf>,
    /// The run folder to make.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Merge although this is so.
    #[arg(long, value_enum, value_name = "WHAT,...", value_delimiter = ',')]
    pub allow: Vec<Allowance>,
}

/// Arguments of `jobtune noise`.
///
/// Measures the scenario twice in the same blocks, as if it were a base and a
/// candidate: how much equal restores differ here, which slowdown the gate
/// could detect, and how many blocks it would take.
#[derive(Debug, Args)]
pub struct NoiseArgs {
    /// The scenario file, or the run folder of an earlier `jobtune noise`.
    pub scenario: PathBuf,
    /// The slowdown that you would like to see.
    #[arg(long, value_name = "PERCENT", default_value = "10%")]
    pub effect: Percent,
    /// A regression is more than this much slower.
    #[arg(long, value_name = "PERCENT", default_value = "3%")]
    pub margin: Percent,
    /// A pass is less than this much slower.
    #[arg(long, value_name = "PERCENT", default_value = "10%")]
    pub allowance: Percent,
    /// The run folder to make [default: runs/NAME-TIME].
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Values of -j.
    #[arg(long, value_name = "N,...", value_delimiter = ',')]
    pub jobs: Option<Vec<Jobs>>,
    /// Archive formats: custom, directory, tar, plain.
    #[arg(long, value_name = "FORMAT,...", value_delimiter = ',')]
    pub formats: Option<Vec<Format>>,
    /// So many blocks [default: 6].
    #[arg(long, value_name = "N")]
    pub blocks: Option<u32>,
    /// How much data to make: small, normal, or a factor.
    #[arg(long, value_name = "SCALE")]
    pub scale: Option<Scale>,
    /// Start no block that would end after this time: 90s, 30m, 2h.
    #[arg(long, value_name = "TIME")]
    pub budget: Option<Span>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap makes help of documentation")]
    pub server: ServerArgs,
    /// Seed of the random order [default: drawn].
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Run a share of the blocks, as `jobtune sweep` does.
    #[arg(long, value_name = "INDEX/COUNT")]
    pub shard: Option<ShardChoice>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap makes help of documentation")]
    pub host: HostArgs,
    /// How the answer is written.
    #[arg(long, value_enum, default_value = "text")]
    pub format: OutputFormat,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap makes help of documentation")]
    pub state: StateArgs,
    /// `pg_restore`'s own options: `-- --no-comments -t orders`.
    #[arg(last = true, value_name = "PG_RESTORE OPTION")]
    pub restore_options: Vec<String>,
}

/// Arguments of `jobtune tune`.
///
/// Restores one archive a few times, each time with the -j that promises to
/// tell most for its time, until one is within the tolerance of the best with
/// a probability of 0.95, or the budget is spent. A sweep is surer and takes
/// longer.
#[derive(Debug, Args)]
pub struct TuneArgs {
    /// The archive (custom or directory).
    #[arg(long, value_name = "PATH", required_unless_present = "resume")]
    pub archive: Option<PathBuf>,
    /// The run folder to make [default: runs/NAME-TIME].
    #[arg(long, value_name = "DIR", conflicts_with = "resume")]
    pub out: Option<PathBuf>,
    /// Go on with the run in this folder.
    #[arg(
        long,
        value_name = "DIR",
        conflicts_with_all = [
            "archive", "jobs", "seed", "image", "provider", "tolerance", "warm_up", "latency",
            "bandwidth", "disk",
        ]
    )]
    pub resume: Option<PathBuf>,
    /// Choose among these -j [default: up to four times the processors].
    #[arg(long, value_name = "N,...", value_delimiter = ',')]
    pub jobs: Option<Vec<Jobs>>,
    /// How much slower than the best is as good [default: 5%].
    #[arg(long, value_name = "PERCENT")]
    pub tolerance: Option<Percent>,
    /// At most so many restores [default: two more than there are -j to choose
    /// from, where a sweep takes three to ten times as many as there are].
    #[arg(long, value_name = "N")]
    pub max_restores: Option<u32>,
    /// Restore for so long before the first restore that counts, so that it
    /// does not meet cold caches: a time, `whole`, or `off` [default: 1m].
    #[arg(long, value_name = "TIME")]
    pub warm_up: Option<WarmUp>,
    /// Start no restore that would end after this time: 90s, 30m, 2h.
    #[arg(long, value_name = "TIME")]
    pub budget: Option<Span>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap makes help of documentation")]
    pub hooks: HookArgs,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap makes help of documentation")]
    pub server: ServerArgs,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap makes help of documentation")]
    pub errors: ErrorArgs,
    /// Seed of the draws [default: drawn].
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// How the answer is written.
    #[arg(long, value_enum, default_value = "text")]
    pub format: OutputFormat,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap makes help of documentation")]
    pub state: StateArgs,
    /// `pg_restore`'s own options: `-- --no-comments -t orders`.
    #[arg(last = true, value_name = "PG_RESTORE OPTION", conflicts_with = "resume")]
    pub restore_options: Vec<String>,
}
