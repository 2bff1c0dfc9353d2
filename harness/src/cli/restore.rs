//! Arguments of `jobtune restore` and `jobtune control`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Subcommand, ValueEnum};
use restore_core::units::Jobs;

use super::PgRestoreOptions;
use crate::scenario::keep::Limit;
use crate::scenario::quantity::Memory;

/// Arguments of `jobtune restore`.
///
/// Restores a custom, directory or tar archive into a database that is there,
/// as `pg_restore -d` does. Items that fail are reported and the rest goes on;
/// then the exit status is 1, as `pg_restore`'s is. An interrupted restore
/// leaves a journal in the database, by which `--resume` goes on.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct RestoreArgs {
    /// The archive; `-` for one that comes on standard input, which is kept in a
    /// temporary file.
    #[arg(value_name = "ARCHIVE")]
    pub archive: PathBuf,
    /// The database: a connection string, a URI or a name, as `psql -d` takes
    /// it [default: by the PG variables].
    #[arg(long = "dbname", short = 'd', value_name = "CONNINFO", default_value = "")]
    pub target: String,
    /// Workers, each a connection [default: as many of this machine's
    /// processors as the archive has use for]; `auto` for as many as the limits
    /// of --keep allow at any time.
    #[arg(long, short, value_name = "N|auto")]
    pub jobs: Option<JobCount>,
    /// Create the database of the archive, over a connection to --dbname, and
    /// restore into it; with --clean, drop it first.
    #[arg(long, short = 'C')]
    pub create: bool,
    /// Go on with a restore that was interrupted.
    #[arg(long)]
    pub resume: bool,
    /// Gather the planner's statistics at the end.
    #[arg(long)]
    pub analyze: bool,
    /// Tell what would be restored, in which way, and what to expect of each
    /// number of workers; restore nothing.
    #[arg(long, conflicts_with_all = ["resume", "events"])]
    pub dry_run: bool,
    /// Foretell by the times of a run that restored this archive with
    /// `pg_restore`.
    #[arg(long, value_name = "DIR", requires = "dry_run")]
    pub run: Option<PathBuf>,
    /// Write what happens as lines of JSON on standard output, and take
    /// commands from standard input: `jobs N`, `pause`, `resume`, `drain`.
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub events: Option<EventFormat>,
    /// Memory that all builds of indexes and checks of keys may take together
    /// (`maintenance_work_mem`): 4GB. Default: the server's setting for each
    /// worker.
    #[arg(long, value_name = "SIZE")]
    pub maintenance_memory: Option<Memory>,
    /// Processors of the server: parallel workers of index builds use those
    /// that no worker uses. Default: this machine's, where the server is
    /// reached by a Unix socket, else as many as the server's settings let be.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub processors: Option<u32>,
    /// Do without one of the ways in which this is faster than `pg_restore`.
    #[arg(long, value_enum, value_name = "WAY,...", value_delimiter = ',')]
    pub without: Vec<Way>,
    /// Load every table in slices of so many bytes, however small it is: for
    /// tests.
    #[arg(long, value_name = "BYTES", hide = true)]
    pub force_slices: Option<usize>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap makes help of documentation")]
    pub options: PgRestoreOptions,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap makes help of documentation")]
    pub keep: KeepArgs,
}

impl RestoreArgs {
    /// The number of workers, where one is given.
    pub fn fixed_jobs(&self) -> Option<Jobs> {
        match self.jobs {
            Some(JobCount::Fixed(jobs)) => Some(jobs),
            Some(JobCount::Auto) | None => None,
        }
    }
}

/// How many workers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobCount {
    /// So many.
    Fixed(Jobs),
    /// As many as the limits allow.
    Auto,
}

impl FromStr for JobCount {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            _ => text
                .parse()
                .map(Self::Fixed)
                .map_err(|_| format!("{text:?} is no number of jobs: give 1 or more, or auto")),
        }
    }
}

/// What a restore with `-j auto` keeps.
#[derive(Debug, Clone, Args)]
pub struct KeepArgs {
    /// A limit that the restore keeps, with -j auto; may be given several times:
    /// p99=12ms or latency=+50% of a probe, cpu=80%, io-pressure=20%, disk=70%
    /// where the server runs here, lag=5s, wal-rate=50MB/s, connections=20,
    /// locks-waiting=0.
    #[arg(long, value_name = "LIMIT")]
    pub keep: Vec<Limit>,
    /// Workers at most, with -j auto [default: as many as -j has by default].
    #[arg(long, value_name = "N")]
    pub max_jobs: Option<Jobs>,
    /// What production asks, as one statement that only reads: its latency is
    /// what p99 and latency limit.
    #[arg(long, value_name = "SQL")]
    pub probe: Option<String>,
    /// How often it is asked in a second.
    #[arg(long, value_name = "N", default_value_t = 50, requires = "probe",
          value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub probe_rate: u32,
    /// The database that it is asked of: a name or a connection string [default:
    /// that of --dbname].
    #[arg(long, value_name = "CONNINFO", requires = "probe")]
    pub probe_dbname: Option<String>,
    /// Where `jobtune control` asks [default: a file of this process in the
    /// folder for temporary files].
    #[arg(long, value_name = "SOCKET")]
    pub control: Option<PathBuf>,
}

/// Arguments of `jobtune control`.
///
/// Asks a restore that runs here, by its control socket.
#[derive(Debug, Args)]
pub struct ControlArgs {
    /// The socket, where several restores run.
    #[arg(long, value_name = "SOCKET", global = true)]
    pub socket: Option<PathBuf>,
    /// What is asked.
    #[command(subcommand)]
    pub request: ControlRequest,
}

/// What can be asked of a restore that runs.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum ControlRequest {
    /// How far it is, and what limits it now.
    Status,
    /// Keep so many workers busy; at most so many with -j auto.
    Jobs {
        /// The number.
        #[arg(value_name = "N")]
        jobs: Jobs,
    },
    /// Begin nothing and send nothing until `resume`.
    Pause,
    /// Go on.
    Resume,
    /// Keep this limit, in place of the one of its kind.
    Keep {
        /// The limit: p99=12ms.
        #[arg(value_name = "LIMIT")]
        limit: Limit,
    },
}

/// How events are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EventFormat {
    /// A JSON object a line.
    Json,
}

/// A way in which `jobtune restore` is faster than `pg_restore`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Way {
    /// COPY with FREEZE into tables that the restore has made.
    Freeze,
    /// Large tables loaded by several workers.
    Split,
    /// VACUUM before foreign keys, where rows could not be frozen.
    Vacuum,
    /// Indexes of keys built beside the table's other indexes.
    EarlyKeys,
    /// Foreign keys checked while others work on the referenced table.
    Validate,
    /// Memory and parallel workers shared out among builds of indexes.
    Budget,
    /// Statements sent before the answers to earlier ones are there.
    Pipeline,
    /// The journal by which a restore can be resumed.
    Journal,
}
