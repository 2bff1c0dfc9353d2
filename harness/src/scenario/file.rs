//! A scenario as it is written: the raw form, key by key.
//!
//! Nothing here is decided yet. [`super::Scenario`] is what holds once the
//! keys have been checked against each other.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use restore_core::format::{Compression, Format};
use restore_core::units::Jobs;
use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use super::EngineKind;
use super::disk::DiskLimits;
use super::error_policy::ErrorPolicy;
use super::keep::Limit;
use super::network::Bandwidth;
use super::procedure::{ReadyStep, Sections};
use super::quantity::{LoadInterval, Memory, Percent, Span, WarmUp};
use super::rate::Rate;
use super::verification::Verification;
use super::written;
use super::{Cache, Phase, ProviderKind};

/// The whole file.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScenarioFile {
    /// Name of the scenario; the file's name without one.
    #[schemars(with = "Option<String>")]
    pub name: Option<Spanned<String>>,
    /// What it is for.
    pub about: Option<String>,
    /// What is measured.
    #[serde(default)]
    pub phase: Phase,
    /// What is restored.
    #[schemars(with = "DatasetFile")]
    pub dataset: Spanned<DatasetFile>,
    /// Where it is restored.
    #[serde(default)]
    pub server: ServerFile,
    /// What is varied.
    #[serde(default)]
    pub sweep: SweepFile,
    /// Named differences.
    #[serde(default)]
    #[schemars(with = "Vec<VariantFile>")]
    pub variant: Vec<Spanned<VariantFile>>,
    /// A production workload beside the restores.
    #[schemars(with = "Option<WorkloadFile>")]
    pub workload: Option<Spanned<WorkloadFile>>,
    /// What the recommendation must respect.
    #[serde(default)]
    pub limits: LimitsFile,
    /// What the restore leaves out.
    #[serde(default)]
    pub restore: RestoreFile,
}

/// `[dataset]`: exactly one of these.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("minProperties" = 1, "maxProperties" = 1))]
pub struct DatasetFile {
    /// TPC-H.
    pub tpch: Option<TpchFile>,
    /// pgbench.
    pub pgbench: Option<PgbenchFile>,
    /// SQL scripts.
    pub sql: Option<SqlFile>,
    /// An archive that exists.
    pub archive: Option<ArchiveFile>,
    /// A database that exists.
    pub database: Option<DatabaseFile>,
}

/// `tpch = { scale = 0.05 }`
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TpchFile {
    /// Scale factor: 1 is about 1 GB of raw rows.
    pub scale: f64,
}

/// `pgbench = { scale = 10 }`
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PgbenchFile {
    /// Scale factor: 100,000 accounts each.
    pub scale: u32,
}

/// `sql = { files = ["schema.sql"] }`
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SqlFile {
    /// Scripts, relative to the scenario's folder.
    pub files: Vec<PathBuf>,
    /// About how large the database is that they fill, at scale 1.
    pub size: Option<Memory>,
}

/// `archive = { path = "backup.dump" }`
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ArchiveFile {
    /// The archive, relative to the scenario's folder.
    pub path: PathBuf,
}

/// `database = { conninfo_env = "SOURCE" }`
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DatabaseFile {
    /// Environment variable that holds the connection string.
    pub conninfo_env: String,
}

/// `[server]`
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServerFile {
    /// Where the server comes from.
    pub provider: Option<ProviderKind>,
    /// local: folder of the PostgreSQL programs.
    pub bindir: Option<PathBuf>,
    /// local: folder in which the cluster is made: the disk under test.
    pub data_dir: Option<PathBuf>,
    /// docker: the image.
    pub image: Option<String>,
    /// docker: how many processors the container may use.
    pub cpus: Option<f64>,
    /// docker: how much memory the container may use.
    pub memory: Option<Memory>,
    /// external: environment variable that holds the connection string.
    pub conninfo_env: Option<String>,
    /// How long what client programs and server send each other is under way.
    pub latency: Option<Span>,
    /// How much of it goes through, each direction.
    pub bandwidth: Option<Bandwidth>,
    /// What its disk gives at most.
    #[schemars(with = "Option<DiskLimits>")]
    pub disk: Option<Spanned<DiskLimits>>,
    /// Server settings.
    #[serde(default)]
    pub settings: BTreeMap<String, SettingFile>,
}

/// The value of a server setting, which TOML may write in several ways.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum SettingFile {
    /// `autovacuum = true`
    Bool(bool),
    /// `max_connections = 200`
    Integer(i64),
    /// `random_page_cost = 1.1`
    Float(f64),
    /// `shared_buffers = "512MB"`
    Text(String),
}

impl fmt::Display for SettingFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(true) => write!(f, "on"),
            Self::Bool(false) => write!(f, "off"),
            Self::Integer(number) => write!(f, "{number}"),
            Self::Float(number) => write!(f, "{number}"),
            Self::Text(text) => write!(f, "{text}"),
        }
    }
}

/// A value of `-j` on the axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "toml::Value")]
pub enum SweptJobs {
    /// So many.
    Fixed(Jobs),
    /// As many as the limits allow at any time.
    Auto,
}

impl TryFrom<toml::Value> for SweptJobs {
    type Error = String;

    fn try_from(value: toml::Value) -> Result<Self, String> {
        match value {
            toml::Value::String(word) if word == "auto" => Ok(Self::Auto),
            toml::Value::Integer(count) => {
                Jobs::try_from(count).map(Self::Fixed).map_err(|error| error.to_string())
            }
            other => Err(format!("{other} is not a number of jobs: give 1 or more, or \"auto\"")),
        }
    }
}

impl fmt::Display for SweptJobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(jobs) => write!(f, "{jobs}"),
            Self::Auto => f.write_str("auto"),
        }
    }
}

/// `[sweep]`
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SweepFile {
    /// Values of `-j`.
    #[schemars(with = "Option<Vec<written::SweptJobs>>")]
    pub jobs: Option<Spanned<Vec<SweptJobs>>>,
    /// What `"auto"` may use at most; the largest of `jobs` if absent.
    #[schemars(with = "Option<written::FixedJobs>")]
    pub max_jobs: Option<Spanned<Jobs>>,
    /// Archive formats.
    #[schemars(with = "Option<Vec<written::Format>>")]
    pub formats: Option<Spanned<Vec<Format>>>,
    /// Compressions.
    #[schemars(with = "Option<Vec<written::Compression>>")]
    pub compression: Option<Spanned<Vec<Compression>>>,
    /// Engines that restore.
    #[schemars(with = "Option<Vec<EngineKind>>")]
    pub engines: Option<Spanned<Vec<EngineKind>>>,
    /// A variant each: restored section by section, with these numbers of jobs.
    #[schemars(with = "Option<Vec<Sections>>")]
    pub plans: Option<Spanned<Vec<Sections>>>,
    /// How many blocks.
    #[serde(default)]
    pub blocks: BlocksFile,
    /// State of the caches when a restore begins.
    pub cache: Option<Cache>,
    /// How much is restored before the first trial: a time, `whole` or `off`.
    pub warm_up: Option<WarmUp>,
    /// Stop starting blocks after this time.
    pub budget: Option<Span>,
    /// Stop a trial after this time.
    pub trial_limit: Option<Span>,
    /// Seed of the random order.
    pub seed: Option<u64>,
    /// How often the load is looked at at first, or `off`.
    pub load_interval: Option<LoadInterval>,
}

/// `blocks = { min = 3, max = 10, precision = "3%" }`
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BlocksFile {
    /// At least so many.
    #[schemars(with = "Option<u32>")]
    pub min: Option<Spanned<u32>>,
    /// At most so many.
    #[schemars(with = "Option<u32>")]
    pub max: Option<Spanned<u32>>,
    /// Stop early when the intervals are this narrow.
    pub precision: Option<Percent>,
}

/// `[[variant]]`
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VariantFile {
    /// Its name.
    pub name: String,
    /// Server settings on top of the scenario's.
    #[serde(default)]
    pub settings: BTreeMap<String, SettingFile>,
    /// local: other PostgreSQL programs.
    pub bindir: Option<PathBuf>,
    /// docker: another image.
    pub image: Option<String>,
    /// docker: other processors.
    pub cpus: Option<f64>,
    /// docker: other memory.
    pub memory: Option<Memory>,
    /// Another distance from the server.
    pub latency: Option<Span>,
    /// Another bandwidth.
    pub bandwidth: Option<Bandwidth>,
    /// Another disk.
    pub disk: Option<DiskLimits>,
    /// Another archive.
    pub archive: Option<PathBuf>,
    /// Options of `pg_restore` on top of the scenario's.
    pub restore: Option<VariantRestoreFile>,
    /// Whether the scenario's workload runs beside: it does, unless this says
    /// no.
    pub workload: Option<bool>,
}

/// `[workload]`
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkloadFile {
    /// Transactions a second, in all.
    pub rate: Rate,
    /// Connections.
    pub clients: Option<u32>,
    /// Scale of pgbench's own tables.
    pub scale: Option<u32>,
    /// Scripts that make what pgbench's own tables lack, relative to the
    /// scenario's folder.
    #[serde(default)]
    pub setup: Vec<PathBuf>,
    /// Transactions, as pgbench takes them: `file.sql` or `file.sql@weight`.
    #[serde(default)]
    pub scripts: Vec<String>,
    /// How long it runs before each restore.
    pub before: Option<Span>,
    /// And after.
    pub after: Option<Span>,
    /// A transaction is missed if it takes longer, from its schedule.
    pub late: Option<Span>,
}

/// `[limits]`
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LimitsFile {
    /// How much slower than the best a job count may be and still be as good.
    pub tolerance: Option<Percent>,
    /// Most of the host's processors that may be in use.
    #[schemars(with = "Option<Percent>")]
    pub cpu: Option<Spanned<Percent>>,
    /// Most of the time that the disk may be busy.
    #[schemars(with = "Option<Percent>")]
    pub disk_utilisation: Option<Spanned<Percent>>,
    /// Most connections that a restore may use.
    pub connections: Option<u32>,
    /// Most memory of client and server.
    pub memory: Option<Memory>,
    /// Most WAL that a restore may write.
    pub wal_bytes: Option<Memory>,
    /// The latency that 99 % of the workload's transactions must keep.
    pub p99_latency: Option<Span>,
    /// How much longer than before the restore that may be.
    pub latency_increase: Option<Percent>,
    /// The share of the workload's transactions that may be late.
    pub missed: Option<Percent>,
}

/// `[restore]`. Keys that are unknown here are options, or flaws that
/// `check::restore` tells.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[schemars(transform = written::add_restore_options)]
pub struct RestoreFile {
    /// Set the owners of objects. The roles must exist on the server.
    pub owner: Option<bool>,
    /// Grant and revoke. The roles must exist on the server.
    pub privileges: Option<bool>,
    /// Which errors a trial may have and still count.
    pub errors: Option<ErrorPolicy>,
    /// What of the restored database is held against its archive.
    pub verify: Option<Verification>,
    /// One section after the other.
    pub sections: Option<Sections>,
    /// Settings of the restore's sessions.
    #[serde(default)]
    pub session: BTreeMap<String, SettingFile>,
    /// What is done before the database is ready.
    #[serde(default)]
    pub ready: Vec<ReadyStep>,
    /// What restores with `jobs = "auto"` keep.
    #[serde(default)]
    pub keep: Vec<Limit>,
    /// What their probe asks of the workload's database.
    pub probe: Option<String>,
    /// SQL scripts before each restore, relative to the scenario's folder.
    #[serde(default)]
    pub before: Vec<PathBuf>,
    /// SQL scripts after each restore, relative to the scenario's folder.
    #[serde(default)]
    pub after: Vec<PathBuf>,
    /// Commands before each restore.
    #[schemars(with = "Option<Vec<String>>")]
    pub prepare: Option<Spanned<Vec<String>>>,
    /// Commands after each restore.
    #[schemars(with = "Option<Vec<String>>")]
    pub cleanup: Option<Spanned<Vec<String>>>,
    /// The name of each trial's database.
    #[schemars(with = "Option<String>")]
    pub database: Option<Spanned<String>>,
    /// `pg_restore`'s own options, by their long names.
    #[serde(flatten)]
    #[schemars(skip)]
    pub options: BTreeMap<String, toml::Value>,
}

/// `restore = { ... }` of a variant.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[schemars(transform = written::add_restore_options)]
pub struct VariantRestoreFile {
    /// As in `[restore]`.
    pub owner: Option<bool>,
    /// As in `[restore]`.
    pub privileges: Option<bool>,
    /// As in `[restore]`.
    pub sections: Option<Sections>,
    /// As in `[restore]`, on top of it.
    #[serde(default)]
    pub session: BTreeMap<String, SettingFile>,
    /// As in `[restore]`.
    pub ready: Option<Vec<ReadyStep>>,
    /// As in `[restore]`.
    #[serde(flatten)]
    #[schemars(skip)]
    pub options: BTreeMap<String, toml::Value>,
}
