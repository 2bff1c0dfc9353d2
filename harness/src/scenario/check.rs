//! From the raw keys of a scenario to a [`Scenario`] that holds.

mod dataset;
mod hooks;
mod procedure;
mod restore;
mod server;
mod sweep;
mod variants;
mod workload;

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use restore_core::format::Format;
use restore_core::options::RestoreOptions;
use restore_core::units::Jobs;
use toml::Spanned;

use super::EngineKind;
use super::disk::DiskLimits;
use super::error_policy::ErrorPolicy;
use super::file::ScenarioFile;
use super::keep::Limit;
use super::network::Bandwidth;
use super::quantity::{Percent, Scale, Span};
use super::verification::Verification;
use super::{
    Dataset, Limits, Phase, ProviderKind, Restore, Scenario, Sweep, Variant, WorkloadLimits,
    resolved,
};

/// What the command line says over the scenario's head.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// These variants alone.
    pub variants: Option<Vec<String>>,
    /// Values of `-j`.
    pub jobs: Option<Vec<Jobs>>,
    /// Archive formats.
    pub formats: Option<Vec<Format>>,
    /// Engines that restore.
    pub engines: Option<Vec<EngineKind>>,
    /// Exactly so many blocks.
    pub blocks: Option<u32>,
    /// Time for the whole sweep.
    pub budget: Option<Span>,
    /// Where the server comes from.
    pub provider: Option<ProviderKind>,
    /// Seed of the random order.
    pub seed: Option<u64>,
    /// Folder of the PostgreSQL programs.
    pub bindir: Option<PathBuf>,
    /// Folder in which a local cluster is made.
    pub data_dir: Option<PathBuf>,
    /// The image of a container.
    pub image: Option<String>,
    /// Whether a connection string is given on the command line.
    pub conninfo: bool,
    /// How far away the server is, each direction.
    pub latency: Option<Span>,
    /// What the network lets through.
    pub bandwidth: Option<Bandwidth>,
    /// What the server's disk gives at most.
    pub disk: Option<DiskLimits>,
    /// An archive in place of the scenario's dataset.
    pub archive: Option<PathBuf>,
    /// How much of the dataset to make.
    pub scale: Option<Scale>,
    /// Which errors a trial may have and still count.
    pub errors: Option<ErrorPolicy>,
    /// What of a restored database is held against its archive.
    pub verify: Option<Verification>,
    /// Options of `pg_restore` on top of those of the scenario and of its
    /// variants; files from where the user stands.
    pub options: RestoreOptions,
    /// Scripts before each restore in place of the scenario's.
    pub before: Vec<PathBuf>,
    /// Scripts after each restore in place of the scenario's.
    pub after: Vec<PathBuf>,
    /// The name of each trial's database.
    pub database: Option<String>,
}

/// Why a scenario cannot be used, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScenarioError {
    /// Absent where everything was said on the command line.
    path: Option<PathBuf>,
    line: Option<usize>,
    message: String,
}

impl std::error::Error for ScenarioError {}

impl fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(path) = &self.path {
            write!(f, "{}", path.display())?;
            if let Some(line) = self.line {
                write!(f, ":{line}")?;
            }
            f.write_str(": ")?;
        }
        f.write_str(&self.message)
    }
}

/// Reads the scenario at `path`.
pub fn load(path: &Path, overrides: &Overrides) -> Result<Scenario, ScenarioError> {
    let text = std::fs::read_to_string(path).map_err(|error| ScenarioError {
        path: Some(path.to_owned()),
        line: None,
        message: format!("cannot read the scenario: {error}"),
    })?;
    parse(Some(path), &text, overrides)
}

/// The scenario for an archive without a scenario of its own.
pub fn from_archive(archive: &Path, overrides: &Overrides) -> Result<Scenario, ScenarioError> {
    let stem = archive.file_stem().unwrap_or_default().to_string_lossy();
    let name: String =
        stem.chars().map(|c| if is_name_char(c) { c } else { '-' }).take(60).collect();
    let text = format!(
        "name = \"{}\"\ndataset.archive.path = \"\"\n",
        if name.is_empty() { "archive" } else { &name }
    );
    let overrides = Overrides { archive: Some(archive.to_owned()), ..overrides.clone() };
    parse(None, &text, &overrides)
}

/// Reads a scenario from its text; `path` is where it stands.
pub fn parse(
    path: Option<&Path>,
    text: &str,
    overrides: &Overrides,
) -> Result<Scenario, ScenarioError> {
    let folder = path.and_then(Path::parent).unwrap_or(Path::new("."));
    let checked = toml::from_str::<ScenarioFile>(text)
        .map_err(|error| Flaw {
            span: error.span(),
            message: error.message().trim_end().replace('\n', "; "),
        })
        .and_then(|file| Check { folder, path, text, overrides }.scenario(file));
    checked.map_err(|flaw| ScenarioError {
        path: path.map(Path::to_owned),
        line: flaw.span.map(|span| line_of(text, span.start)),
        message: flaw.message,
    })
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|&byte| byte == b'\n').count() + 1
}

fn is_name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || c == '_'
}

/// A flaw of a scenario, with its place in the text.
struct Flaw {
    span: Option<Range<usize>>,
    message: String,
}

fn flaw<T>(span: impl Into<Option<Range<usize>>>, message: impl Into<String>) -> Result<T, Flaw> {
    Err(Flaw { span: span.into(), message: message.into() })
}

/// What the checks look at besides the keys themselves.
struct Check<'a> {
    folder: &'a Path,
    path: Option<&'a Path>,
    text: &'a str,
    overrides: &'a Overrides,
}

impl Check<'_> {
    fn scenario(&self, file: ScenarioFile) -> Result<Scenario, Flaw> {
        let span = file.name.as_ref().map(Spanned::span);
        let stem = || self.path.and_then(Path::file_stem).unwrap_or_default().to_string_lossy();
        let own = file.name.as_ref().map(|name| name.get_ref().clone());
        let name = own.unwrap_or_else(|| stem().into_owned());
        if name.is_empty() || name.len() > 60 || !name.chars().all(is_name_char) {
            return flaw(
                span,
                format!("{name:?} is not a name: use at most 60 letters, digits, '-' and '_'"),
            );
        }
        let dataset = self.dataset(&file.dataset)?;
        let base = Variant {
            name: Variant::BASE.to_owned(),
            server: self.server(&file.server, &dataset)?,
            dataset,
            workload: self.workload(file.workload.as_ref())?,
            options: None,
            procedure: None,
        };
        let limits = workload::limits(&file.limits, base.workload.as_ref())?;
        let mut sweep = self.sweep(&file, matches!(base.dataset, Dataset::Archive { .. }))?;
        if file.phase == Phase::Dump && !base.dataset.is_made_here() {
            return flaw(
                file.dataset.span(),
                "phase \"dump\" dumps a database that jobtune fills: take tpch, pgbench or sql",
            );
        }
        let hooks = self.hooks(&file)?;
        let written = self.written_options(&file.restore)?;
        let procedure = procedure::procedure(&file.restore);
        let of_plans = procedure::of_plans(&base, &procedure, &file.sweep)?;
        let variants = self.variants(base, (&written, &procedure), &file.variant, of_plans)?;
        let variants = self.chosen(variants)?;
        sweep.fixed_jobs = procedure::fixed_jobs(&variants);
        let restore = Restore {
            errors: self
                .overrides
                .errors
                .clone()
                .or(file.restore.errors.clone())
                .unwrap_or_default(),
            verify: self.overrides.verify.or(file.restore.verify).unwrap_or_default(),
            keep: kept(&sweep, &file.restore.keep, &limits)?,
            probe: file.restore.probe.clone(),
            procedure,
            ..Restore::of(self.options(written, None)?)
        };
        restore::check_formats(file.phase, &sweep.formats, &restore, &variants)?;
        let scenario = Scenario {
            name,
            about: file.about,
            phase: file.phase,
            variants,
            sweep,
            limits: Limits {
                tolerance: file.limits.tolerance.unwrap_or(Percent::new(5)),
                cpu: limit_of_share("cpu", file.limits.cpu.as_ref())?,
                disk_utilisation: limit_of_share(
                    "disk_utilisation",
                    file.limits.disk_utilisation.as_ref(),
                )?,
                connections: file.limits.connections,
                memory: file.limits.memory,
                wal_bytes: file.limits.wal_bytes,
                workload: limits,
            },
            restore,
            hooks,
        };
        procedure::check(&scenario, file.sweep.plans.as_ref())?;
        Ok(scenario)
    }

    /// A path of the command line, from where the user stands, or of the file,
    /// from where that is. Servers run elsewhere and need it whole.
    fn path(&self, given: Option<&Path>, file: Option<&Path>) -> Option<PathBuf> {
        let given = given.map(|path| absolute(Path::new("."), path));
        given.or_else(|| file.map(|path| absolute(self.folder, path)))
    }
}

/// What restores with `jobs = "auto"` keep: what is said, or the limits of the workload.
fn kept(sweep: &Sweep, said: &[Limit], workload: &WorkloadLimits) -> Result<Vec<Limit>, Flaw> {
    if !sweep.engines.contains(&EngineKind::Auto) {
        return match said {
            [] => Ok(Vec::new()),
            _ => flaw(None, "restore.keep is for jobs = [..., \"auto\"]: leave it out, or add it"),
        };
    }
    if !said.is_empty() {
        return Ok(said.to_vec());
    }
    let p99 = workload.p99_latency.map(Limit::P99);
    let rise = workload.latency_increase.map(|share| Limit::LatencyIncrease(share.share()));
    let limits: Vec<Limit> = p99.into_iter().chain(rise).collect();
    if limits.is_empty() {
        return flaw(
            None,
            "jobs = [..., \"auto\"] needs something to keep: give restore.keep = [\"cpu=80%\"], or \
             limits.p99_latency",
        );
    }
    Ok(limits)
}

/// A limit that nothing can break, or that everything breaks, is a mistake.
fn limit_of_share(name: &str, limit: Option<&Spanned<Percent>>) -> Result<Option<Percent>, Flaw> {
    match limit.map(|limit| (limit.span(), *limit.get_ref())) {
        Some((span, share)) if !(share.share() > 0.0 && share.share() <= 1.0) => {
            flaw(span, format!("limits.{name} = {share}: give a percentage above 0%, up to 100%"))
        }
        limit => Ok(limit.map(|(_, share)| share)),
    }
}

fn absolute(folder: &Path, path: &Path) -> PathBuf {
    resolved(&folder.join(path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Provider;

    const TPCH: &str = "dataset = { tpch = { scale = 0.05 } }\n";

    fn read(text: &str) -> Result<Scenario, String> {
        parse(Some(Path::new("dir/s.toml")), text, &Overrides::default()).map_err(|e| e.to_string())
    }

    fn error(rest: &str) -> String {
        read(&format!("{TPCH}{rest}")).unwrap_err()
    }

    #[test]
    fn defaults_make_a_whole_scenario() {
        let scenario = read(TPCH).unwrap();
        assert_eq!(scenario.name, "s");
        let jobs: Vec<u32> = scenario.sweep.jobs.iter().map(|jobs| jobs.get()).collect();
        assert_eq!(jobs, [1, 2, 4, 8]);
        assert_eq!(scenario.sweep.formats, [Format::Custom, Format::Directory]);
        assert_eq!(scenario.variants.len(), 1);
        assert!(matches!(scenario.variants[0].server.provider, Provider::Local { .. }));
    }

    #[test]
    fn flaws_are_told_with_their_line() {
        let cases = [
            ("[sweep]\njob = [1]", "dir/s.toml:3: unknown field `job`"),
            ("[sweep]\nengines = [\"native-auto\"]", "dir/s.toml:3: no engine \"native-auto\""),
            ("[sweep]\nmax_jobs = 2", "dir/s.toml:3: max_jobs is for jobs = [..., \"auto\"]"),
            ("[sweep]\njobs = [1, 0]", "dir/s.toml:3: 0 is not a number of jobs"),
            ("[sweep]\njobs = [100000]", "dir/s.toml:3: 100000 is not a number of jobs"),
            ("[sweep]\njobs = []", "dir/s.toml:3: jobs is empty"),
            ("[sweep]\njobs = [2, 2]", "dir/s.toml:3: jobs has 2 twice"),
            ("[sweep]\ncompression = [\"gzip:11\"]", "dir/s.toml:3: \"gzip:11\": the level"),
            ("[sweep]\njobs = [1, 4]\nformats = [\"tar\"]", "dir/s.toml:4: format tar cannot"),
            ("[sweep]\njobs = [2]\nformats = [\"custom\", \"tar\"]", "dir/s.toml:4: format tar"),
            ("[sweep.blocks]\nmin = 5\nmax = 4", "dir/s.toml:4: blocks.max 4 is below"),
            ("[sweep.blocks]\nprecision = 3", "dir/s.toml:3: invalid type: integer `3`"),
            ("[[variant]]\nname = \"a b\"", "dir/s.toml:2: \"a b\" is not a name"),
            ("[[variant]]\nname = \"a\"\nimage = \"x\"", "dir/s.toml:2: variant \"a\": image"),
            ("[limits]\ntolerance = \"5\"", "dir/s.toml:3: \"5\" is not a percentage"),
            ("[limits]\ncpu = \"180%\"", "dir/s.toml:3: limits.cpu = 180%: give a percentage"),
            ("[limits]\nwal_bytes = \"much\"", "dir/s.toml:3: \"much\""),
            ("[sweep]\nload_interval = \"1ms\"", "dir/s.toml:3: \"1ms\" is no interval"),
            ("[server]\nprovider = \"cloud\"", "dir/s.toml:3: unknown variant `cloud`"),
        ];
        for (text, start) in cases {
            let message = error(text);
            assert!(message.starts_with(start), "{text:?}\n gave {message:?}\n not {start:?}");
        }
    }

    #[test]
    fn exactly_one_dataset() {
        let none = read("[dataset]\n").unwrap_err();
        assert!(none.contains("exactly one of tpch"), "{none}");
        let two = "dataset = { tpch = { scale = 1 }, pgbench = { scale = 1 } }";
        assert!(read(two).unwrap_err().contains("s.toml:1: [dataset] takes exactly one"));
        assert!(read("dataset.tpch.scale = -1").unwrap_err().contains("above 0"));
    }

    #[test]
    fn serial_formats_are_points_of_reference() {
        let text = format!("{TPCH}[sweep]\nformats = [\"custom\", \"plain\", \"tar\"]");
        assert_eq!(read(&text).unwrap().sweep.formats.len(), 3);
    }

    #[test]
    fn dumps_are_parallel_to_directories_alone() {
        let dump = |rest: &str| read(&format!("phase = \"dump\"\n{rest}"));
        let scenario = dump(TPCH).unwrap();
        assert_eq!(scenario.phase, Phase::Dump);
        let error = dump(&format!("{TPCH}[sweep]\nformats = [\"custom\"]")).unwrap_err();
        assert!(error.contains("s.toml:4: format custom cannot be dumped with 2 jobs"), "{error}");
        let error = dump("dataset.archive.path = \"x\"").unwrap_err();
        assert!(error.contains("dumps a database that jobtune fills"), "{error}");
    }

    #[test]
    fn paths_are_relative_to_the_scenario() {
        let scenario = read("dataset.archive.path = \"x.dump\"").unwrap();
        let expected = std::path::absolute("dir/x.dump").unwrap();
        assert_eq!(scenario.variants[0].dataset, Dataset::Archive { path: expected });
        assert!(scenario.sweep.formats.is_empty());
        let scenario = read(&format!("{TPCH}server.data_dir = \"disk\"")).unwrap();
        let expected = std::path::absolute("dir/disk").unwrap();
        let Provider::Local { data_dir, .. } = &scenario.variants[0].server.provider else {
            panic!("the default is a local cluster");
        };
        assert_eq!(data_dir.as_ref(), Some(&expected));
        let error = read("dataset.archive.path = \"x\"\n[sweep]\nformats = [\"custom\"]");
        assert!(error.unwrap_err().contains("restored as it is"));
    }

    #[test]
    fn variants_stand_beside_the_base() {
        let text = "[server.settings]\nfsync = false\n\
                    [[variant]]\nname = \"big\"\nsettings = { maintenance_work_mem = \"1GB\" }\n";
        let scenario = read(&format!("{TPCH}{text}")).unwrap();
        let names: Vec<&str> = scenario.variants.iter().map(|v| v.name.as_str()).collect();
        assert_eq!(names, ["base", "big"]);
        let settings = &scenario.variants[1].server.settings;
        assert_eq!(settings["fsync"], "off");
        assert_eq!(settings["maintenance_work_mem"], "1GB");
    }

    #[test]
    fn the_command_line_chooses_among_the_variants() {
        let text = format!("{TPCH}[[variant]]\nname = \"far\"\nlatency = \"1ms\"\n");
        let chosen = |names: &str| {
            let names = names.split(',').map(str::to_owned).collect();
            let overrides = Overrides { variants: Some(names), ..Overrides::default() };
            parse(Some(Path::new("s.toml")), &text, &overrides)
                .map(|of| of.variants.into_iter().map(|of| of.name).collect::<Vec<_>>())
        };
        assert_eq!(chosen("far").unwrap(), ["far"]);
        assert_eq!(chosen("far,base").unwrap(), ["base", "far"]);
        let told = chosen("base,near").unwrap_err().to_string();
        assert!(told.contains("there is no variant \"near\": there are base, far"), "{told}");
    }

    #[test]
    fn an_archive_needs_no_scenario() {
        let scenario = from_archive(Path::new("/b/my db.dump"), &Overrides::default()).unwrap();
        assert_eq!(scenario.name, "my-db");
        let path = PathBuf::from("/b/my db.dump");
        assert_eq!(scenario.variants[0].dataset, Dataset::Archive { path });
    }

    #[test]
    fn a_scenario_survives_its_record() {
        let scenario = read(&format!("{TPCH}sweep.budget = \"30m\"")).unwrap();
        let json = serde_json::to_string(&scenario).unwrap();
        assert_eq!(serde_json::from_str::<Scenario>(&json).unwrap(), scenario);
    }
}
