//! Scenarios: what to restore, where, and what to vary.

mod check;
pub mod disk;
mod engine;
pub mod error_policy;
pub mod file;
mod hooks;
pub mod keep;
pub mod network;
mod paths;
pub mod procedure;
pub mod quantity;
pub mod rate;
mod schema;
mod verification;
mod written;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use restore_core::dump::DumpRequest;
use restore_core::engine::{PgRestore, PgRestoreSections};
use restore_core::format::{Compression, Format};
use restore_core::options::{Opt, RestoreOptions};
use restore_core::units::Jobs;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use check::{Overrides, ScenarioError, from_archive, load, parse};
use disk::DiskLimits;
pub use engine::EngineKind;
pub use error_policy::ErrorPolicy;
pub use hooks::Hooks;
use network::Network;
pub use paths::resolved;
use procedure::Procedure;
use quantity::{LoadInterval, Memory, Percent, Scale, Span, WarmUp};
use rate::Rate;
pub use schema::json_schema;
pub use verification::Verification;

/// A scenario whose keys have been checked against each other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scenario {
    /// Its name: letters, digits, `-` and `_`.
    pub name: String,
    /// What it is for.
    pub about: Option<String>,
    /// What is measured.
    #[serde(default)]
    pub phase: Phase,
    /// What is compared under the same sweep; never empty. The first one is
    /// the scenario itself, named [`Variant::BASE`].
    pub variants: Vec<Variant>,
    /// What is varied.
    pub sweep: Sweep,
    /// What the recommendation must respect.
    pub limits: Limits,
    /// What the restore includes.
    pub restore: Restore,
    /// What is done around it.
    #[serde(default, skip_serializing_if = "Hooks::is_empty")]
    pub hooks: Hooks,
}

impl Scenario {
    /// What `pg_restore` is given for the archives of a variant.
    pub fn options(&self, variant: &str) -> RestoreOptions {
        let named = self.variants.iter().find(|of| of.name == variant);
        let own = named.and_then(|variant| variant.options.clone());
        own.unwrap_or_else(|| self.restore.options())
    }

    /// Whether two variants make the same database of the same archive on the same server, so
    /// that the faster way can be taken in place of the other.
    pub fn are_alike(&self, one: &Variant, other: &Variant) -> bool {
        let ready = |of: &Variant| &self.procedure(&of.name).ready;
        (&one.dataset, &one.server, &one.workload)
            == (&other.dataset, &other.server, &other.workload)
            && self.options(&one.name) == self.options(&other.name)
            && ready(one) == ready(other)
    }

    /// How the archives of a variant are restored beside those options.
    pub fn procedure(&self, variant: &str) -> &Procedure {
        let named = self.variants.iter().find(|of| of.name == variant);
        named.and_then(|variant| variant.procedure.as_ref()).unwrap_or(&self.restore.procedure)
    }

    /// The name in records of what works on an archive of a variant.
    pub fn engine(&self, variant: &str, format: Format, engine: EngineKind) -> &'static str {
        let usual = self.phase.engine(format, engine);
        match self.procedure(variant).sections {
            Some(_) if usual == PgRestore::NAME => PgRestoreSections::NAME,
            _ => usual,
        }
    }

    /// The list and filter files that `pg_restore` reads.
    pub fn option_files(&self) -> impl Iterator<Item = &Path> {
        let own = self.variants.iter().filter_map(|variant| variant.options.as_ref());
        own.chain([&self.restore.options]).flat_map(RestoreOptions::files)
    }
}

/// What is measured: the way back from a backup, or the way there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Archives are restored.
    #[default]
    Restore,
    /// Archives are made.
    Dump,
}

impl Phase {
    /// Whether more than one job can be at work on an archive of this format:
    /// `pg_dump -j` makes directories alone (PostgreSQL 9.3 and later).
    pub fn is_parallel(self, format: Format, engine: EngineKind) -> bool {
        match self {
            Self::Restore => engine.is_parallel(format),
            Self::Dump => format == Format::Directory,
        }
    }

    /// The name in records of what works on an archive of this format.
    pub fn engine(self, format: Format, engine: EngineKind) -> &'static str {
        match self {
            Self::Dump => DumpRequest::PROGRAM,
            Self::Restore => engine.name_for(format),
        }
    }
}

/// A dataset and a server to restore it into.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Variant {
    /// Its name.
    pub name: String,
    /// What is restored.
    pub dataset: Dataset,
    /// Where.
    pub server: Server,
    /// What runs on another database of the server meanwhile.
    #[serde(default)]
    pub workload: Option<Workload>,
    /// What `pg_restore` is given, where that is not what the scenario says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options: Option<RestoreOptions>,
    /// How it is restored, where that is not what the scenario says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub procedure: Option<Procedure>,
}

/// A production workload: pgbench at a fixed rate, or at one after the other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Workload {
    /// Transactions a second, in all.
    #[serde(rename = "rate_per_s")]
    pub rate: Rate,
    /// Connections.
    pub clients: u32,
    /// Scale of pgbench's own tables.
    pub scale: u32,
    /// Absolute paths of scripts that make more.
    pub setup: Vec<PathBuf>,
    /// Transactions; pgbench's own if empty.
    pub scripts: Vec<Script>,
    /// How long it runs before each restore.
    pub before: Span,
    /// And after.
    pub after: Span,
    /// A transaction is missed if it takes longer, from its schedule.
    pub late: Span,
}

/// A transaction as a script of pgbench.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Script {
    /// Absolute path.
    pub path: PathBuf,
    /// How often it is chosen against the others.
    pub weight: u32,
}

impl Variant {
    /// Name of the variant that is the scenario as it stands.
    pub const BASE: &'static str = "base";
}

/// Where the rows come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dataset {
    /// TPC-H, made by the `tpchgen` crate.
    Tpch {
        /// Scale factor.
        scale: f64,
    },
    /// `pgbench --initialize --foreign-keys`.
    Pgbench {
        /// Scale factor.
        scale: u32,
    },
    /// SQL scripts, run by psql in this order.
    Sql {
        /// Absolute paths.
        files: Vec<PathBuf>,
        /// What the scripts find in psql's variable `scale`.
        #[serde(default)]
        scale: Scale,
        /// About how large the database is at scale 1, where that is known.
        #[serde(default)]
        size: Option<Memory>,
    },
    /// An archive that exists, restored as it is.
    Archive {
        /// Absolute path.
        path: PathBuf,
    },
    /// A database that exists; it is dumped.
    Database {
        /// Environment variable that holds the connection string.
        conninfo_env: String,
    },
}

impl Dataset {
    /// Whether its rows are made by jobtune.
    pub fn is_made_here(&self) -> bool {
        match self {
            Self::Tpch { .. } | Self::Pgbench { .. } | Self::Sql { .. } => true,
            Self::Archive { .. } | Self::Database { .. } => false,
        }
    }
}

/// Where a server comes from.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub enum ProviderKind {
    /// A throw-away cluster from the PostgreSQL programs on this machine.
    Local,
    /// A container.
    Docker,
    /// A server that is there already.
    External,
}

/// A server to restore into.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Server {
    /// Where it comes from.
    pub provider: Provider,
    /// Settings that differ from the server's defaults.
    pub settings: BTreeMap<String, String>,
    /// What lies between it and the client programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<Network>,
    /// How slow its disk is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk: Option<DiskLimits>,
}

/// What each provider needs to know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Provider {
    /// A throw-away cluster.
    Local {
        /// Folder of the PostgreSQL programs; searched for if absent.
        bindir: Option<PathBuf>,
        /// Folder in which the cluster is made; the system's temporary folder
        /// if absent.
        data_dir: Option<PathBuf>,
    },
    /// A container.
    Docker {
        /// The image, with the environment contract of the official one.
        image: String,
        /// How many processors it may use; all if absent.
        cpus: Option<f64>,
        /// How much memory it may use; all if absent.
        memory: Option<Memory>,
    },
    /// A server that is there already.
    External {
        /// Where the connection string is.
        conninfo: ConninfoSource,
        /// Folder of the client programs; searched for if absent.
        bindir: Option<PathBuf>,
    },
}

/// Where the connection string of an external server is. It may hold a
/// password, so it is never recorded itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConninfoSource {
    /// In this environment variable.
    Env(String),
    /// On the command line.
    CommandLine,
}

/// What is varied, and for how long.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sweep {
    /// Values of `-j`, ascending, none twice.
    pub jobs: Vec<Jobs>,
    /// What `-j auto` may use at most; the largest of `jobs` if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_jobs: Option<Jobs>,
    /// Archive formats, none twice. Empty: the given archive's own.
    pub formats: Vec<Format>,
    /// Compressions, none twice. Empty: the given archive's own.
    pub compression: Vec<Compression>,
    /// The `-j` of variants that leave none to vary: their plan says it for each section.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fixed_jobs: BTreeMap<String, Jobs>,
    /// What restores, none twice.
    #[serde(default = "usual_engines", skip_serializing_if = "is_usual_engines")]
    pub engines: Vec<EngineKind>,
    /// How many blocks.
    pub blocks: Blocks,
    /// State of the caches when a restore begins.
    pub cache: Cache,
    /// What is done before the first trial, for caches that are warm.
    #[serde(default)]
    pub warm_up: WarmUp,
    /// Start no block that would end after this time.
    pub budget: Option<Span>,
    /// Stop a trial after this time.
    pub trial_limit: Option<Span>,
    /// Seed of the random order; drawn when the run is made if absent.
    pub seed: Option<u64>,
    /// How often the load is looked at at first.
    #[serde(default)]
    pub load_interval: LoadInterval,
}

#[cfg(test)]
impl Sweep {
    /// One of these job counts, all else as usual.
    pub(crate) fn example(jobs: &[u32]) -> Self {
        Self {
            jobs: jobs.iter().map(|&jobs| Jobs::new(jobs).unwrap()).collect(),
            max_jobs: None,
            formats: Vec::new(),
            compression: Vec::new(),
            fixed_jobs: BTreeMap::new(),
            engines: usual_engines(),
            blocks: Blocks { min: 2, max: 2, precision: quantity::Percent::new(3) },
            cache: Cache::Warm,
            warm_up: WarmUp::default(),
            budget: None,
            trial_limit: None,
            seed: None,
            load_interval: LoadInterval::default(),
        }
    }
}

fn usual_engines() -> Vec<EngineKind> {
    vec![EngineKind::default()]
}

fn is_usual_engines(engines: &[EngineKind]) -> bool {
    engines.iter().all(EngineKind::is_usual)
}

impl Sweep {
    /// The time limit of a trial.
    pub fn trial_limit(&self) -> Option<Duration> {
        self.trial_limit.map(Span::get)
    }

    /// How often to look at the load at first; `None` for not at all.
    pub fn load_interval(&self) -> Option<Duration> {
        match self.load_interval {
            LoadInterval::Off => None,
            LoadInterval::Every(span) => Some(span.get()),
        }
    }
}

/// How many blocks a sweep has.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Blocks {
    /// At least so many.
    pub min: u32,
    /// At most so many; not below `min`.
    pub max: u32,
    /// Stop between the two when the intervals are this narrow.
    pub precision: Percent,
}

/// State of the caches when a restore begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Cache {
    /// As the restore before left them.
    Warm,
    /// Server restarted and the system's caches dropped, as far as possible.
    Cold,
}

/// What the recommendation must respect.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// How much slower than the best a job count may be and still be as good.
    pub tolerance: Percent,
    /// Most of the host's processors that may be in use, at the 95th percentile
    /// of a trial's samples.
    pub cpu: Option<Percent>,
    /// Most of the time that the disk of the data directory may be busy,
    /// likewise.
    pub disk_utilisation: Option<Percent>,
    /// Most connections that a restore may use.
    pub connections: Option<u32>,
    /// Most memory of client and server, or of their container.
    pub memory: Option<Memory>,
    /// Most WAL that a restore may write.
    pub wal_bytes: Option<Memory>,
    /// What the workload beside must keep.
    #[serde(flatten)]
    pub workload: WorkloadLimits,
}

/// What a production workload must keep while a restore runs beside it.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct WorkloadLimits {
    /// The latency that 99 % of its transactions must keep.
    pub p99_latency: Option<Span>,
    /// How much longer than before the restore that may be.
    pub latency_increase: Option<Percent>,
    /// The share of its transactions that may be late.
    pub missed: Option<Percent>,
}

impl WorkloadLimits {
    /// Whether there is any.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What a restore includes besides the objects themselves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Restore {
    /// The owners of objects.
    pub owner: bool,
    /// The rights on objects.
    pub privileges: bool,
    /// Which errors a trial may have and still count.
    #[serde(default, skip_serializing_if = "ErrorPolicy::is_default")]
    pub errors: ErrorPolicy,
    /// What of the restored database is held against its archive.
    #[serde(default, skip_serializing_if = "Verification::is_default")]
    pub verify: Verification,
    /// What restores with `jobs = "auto"` keep.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keep: Vec<keep::Limit>,
    /// What their probe asks of the workload's database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probe: Option<String>,
    /// How it is restored beside those options.
    #[serde(default, skip_serializing_if = "Procedure::is_empty")]
    pub procedure: Procedure,
    /// `pg_restore`'s other options.
    #[serde(default, skip_serializing_if = "RestoreOptions::is_empty")]
    pub options: RestoreOptions,
}

impl Restore {
    /// What these options say of owners and privileges, and what else they
    /// say.
    fn of(mut options: RestoreOptions) -> Self {
        let [no_owner, no_privileges] = [Opt::NoOwner, Opt::NoPrivileges].map(|option| {
            let given = options.has(option);
            options.set_flag(option, false);
            given
        });
        let errors = ErrorPolicy::default();
        Self {
            owner: !no_owner,
            privileges: !no_privileges,
            errors,
            verify: Verification::default(),
            keep: Vec::new(),
            probe: None,
            procedure: Procedure::default(),
            options,
        }
    }

    /// What `pg_restore` is given.
    pub fn options(&self) -> RestoreOptions {
        let mut options = self.options.clone();
        options.set_flag(Opt::NoOwner, !self.owner);
        options.set_flag(Opt::NoPrivileges, !self.privileges);
        options
    }
}
