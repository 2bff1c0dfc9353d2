//! The text of a scenario: keys that hold, and beside them keys that a user may want next.
//!
//! A line that begins with `#` and a letter or bracket is a key that is switched off; prose
//! has a space behind its `#`. The tests switch all of them on.

use std::fmt::Write as _;

use restore_core::inspect::Inspection;
use restore_core::needs::{Avoid, Need, Requirement};
use restore_core::plan::PgMajor;
use restore_core::units::{Bytes, Jobs};

/// Names are listed up to so many; the rest is counted.
const NAMED: usize = 8;

/// Columns of the comments.
const WIDTH: usize = 88;

/// What the scenario is written from.
pub(super) struct Subjects<'a> {
    pub(super) name: &'a str,
    /// The archive, from the folder of the scenario.
    pub(super) path: &'a str,
    pub(super) bytes: Option<Bytes>,
    pub(super) cores: u32,
    pub(super) jobs: &'a [Jobs],
    /// Time and disk space, in words.
    pub(super) takes: &'a str,
    /// What the whole archive needs.
    pub(super) all_needs: &'a [Need],
    /// What it holds without owners and grants, which a scenario leaves out by itself.
    pub(super) inspection: &'a Inspection,
}

/// The -j that are worth trying: powers of two and the number of processors, up to twice
/// the processors or as many as the plan has use for.
pub(super) fn jobs(cores: u32, inspection: &Inspection) -> Vec<Jobs> {
    let cores = cores.max(1);
    let useful = if is_serial(inspection) { cores } else { inspection.enough.jobs.get() };
    // Two at least: that more gain nothing is what is to be shown.
    let most = useful.min(cores.saturating_mul(2)).max(2);
    let powers = (0..10).map(|power| 1 << power).filter(|jobs| *jobs < most);
    let mut all: Vec<u32> = powers.chain([most]).chain((cores < most).then_some(cores)).collect();
    all.sort_unstable();
    all.dedup();
    all.into_iter().filter_map(|jobs| Jobs::new(jobs).ok()).collect()
}

/// Whether `pg_restore` restores it with one connection, whatever -j is.
fn is_serial(inspection: &Inspection) -> bool {
    inspection.forecast.is_empty()
}

/// The scenario.
pub(super) fn scenario(of: &Subjects<'_>) -> String {
    let mut text = String::new();
    head(&mut text, of);
    sweep(&mut text, of);
    restore(&mut text, of);
    server(&mut text, of);
    rest(&mut text);
    text
}

fn head(text: &mut String, of: &Subjects<'_>) {
    let head = &of.inspection.head;
    let bytes = of.bytes.map(|bytes| format!(" of {bytes}")).unwrap_or_default();
    let server = head.server_version.as_deref().and_then(|version| version.split(' ').next());
    let server = server.map(|version| format!(" from PostgreSQL {version}")).unwrap_or_default();
    prose(
        text,
        "Which -j should a restore of this archive have? Written by jobtune init; \
          docs/glossary.md has the words. `jobtune sweep` with this file runs it, with --dry-run \
          behind it tells what it would do. Lines such as #seed are keys that are switched off.",
    );
    prose(text, &format!("Here it takes {}.", of.takes));
    let about = format!("{} archive{bytes}{server}, {}", head.format, head.compression);
    let _ = write!(text, "name  = {}\nabout = {}\n\n[dataset]\n", string(of.name), string(&about));
    prose(text, "An archive is restored as it is: formats and compression are its own.");
    let _ = write!(text, "archive = {{ path = {} }}\n\n", string(of.path));
}

fn sweep(text: &mut String, of: &Subjects<'_>) {
    text.push_str("[sweep]\n");
    let inspection = of.inspection;
    let enough = &inspection.enough;
    let gained = format!("{:.2}", enough.speedup.value);
    let processors = match of.cores {
        1 => "This machine has one processor".to_owned(),
        cores => format!("This machine has {cores} processors"),
    };
    prose(
        text,
        &if is_serial(inspection) {
            format!(
                "{processors}. pg_restore restores {} archives with one connection; jobtune's own \
                 engine (docs/native.md) has use for more.",
                inspection.head.format
            )
        } else if enough.is_largest_tried {
            format!(
                "{processors}; by its plan this archive has use for more than {} workers.",
                enough.jobs
            )
        } else {
            format!(
                "{processors}; by its plan this archive gains nothing past -j {}, with which it could \
             be restored {gained} times as fast as with -j 1.",
                enough.jobs
            )
        },
    );
    let jobs: Vec<String> = of.jobs.iter().map(ToString::to_string).collect();
    let _ = writeln!(text, "jobs   = [{}]", jobs.join(", "));
    prose(
        text,
        "Each block restores once with each -j, in random order; the sweep ends once the \
          times are known to this precision.",
    );
    text.push_str("blocks = { min = 3, max = 10, precision = \"3%\" }\n");
    let engines = "engines = [\"pg_restore\", \"native\"]\n";
    let wishes = "start no block that would end later; begin each restore with cold caches; repeat \
                  the order of an earlier run.";
    // Of an archive that pg_restore restores serially, the comparison is what tells something.
    if is_serial(inspection) {
        text.push_str(engines);
        prose(text, &format!("Next: {wishes}"));
    } else {
        prose(text, &format!("Next: compare with jobtune's own engine (docs/native.md); {wishes}"));
        let _ = write!(text, "#{engines}");
    }
    text.push_str("#budget  = \"1h\"\n#cache   = \"cold\"\n#seed    = 1\n\n");
}

fn restore(text: &mut String, of: &Subjects<'_>) {
    text.push_str("[restore]\n");
    let left = &of.inspection.needs;
    let roles: Vec<String> = of
        .all_needs
        .iter()
        .filter_map(|need| match &need.requirement {
            Requirement::Role { name } if name != "postgres" => Some(quoted(name)),
            _ => None,
        })
        .collect();
    prose(
        text,
        &if roles.is_empty() {
            "Owners and grants are left out; the archive names no role that a server lacks."
                .to_owned()
        } else {
            format!(
                "Owners and grants are left out: they need {} {}. jobtune creates missing roles on \
             servers of its own; on a server of yours they must exist.",
                if roles.len() == 1 { "the role" } else { "the roles" },
                listed(&roles)
            )
        },
    );
    text.push_str("owner      = false\nprivileges = false\n");
    let needed: Vec<&Need> = left
        .iter()
        .filter(
            |need| !matches!(&need.requirement, Requirement::Role { name } if name == "postgres"),
        )
        .collect();
    if !needed.is_empty() {
        prose(text, "The rest needs the following, which is looked for before the first restore:");
        for need in needed.iter().take(NAMED) {
            let usage = need.uses.first().map(|usage| format!(" for {usage}")).unwrap_or_default();
            prose(text, &format!("- {}{usage}{}", need.requirement, consequence(need)));
        }
        if needed.len() > NAMED {
            prose(text, &format!("- {} more, which jobtune inspect lists", needed.len() - NAMED));
        }
    }
    let mut options = vec!["no_comments".to_owned()];
    for option in needed.iter().flat_map(|need| options_without(need, of.inspection.head.rules_of))
    {
        if !options.contains(&option) {
            options.push(option);
        }
    }
    prose(
        text,
        "Options of pg_restore by their long names (docs/restore-options.md); errors that \
          every restore reports; a comparison of every row instead of their number.",
    );
    for option in options {
        let _ = writeln!(text, "#{option} = true");
    }
    text.push_str("#exclude_schema = [\"audit\"]\n#errors = \"same\"\n#verify = \"hashes\"\n\n");
}

/// What a server without it means.
fn consequence(need: &Need) -> &'static str {
    match need.requirement {
        Requirement::Role { .. } | Requirement::Tablespace { .. } => {
            ": created on servers that jobtune starts"
        }
        Requirement::Extension { .. } => ": must be installed on the server",
        Requirement::Superuser { .. } => ", which jobtune is on servers that it starts",
        _ => "",
    }
}

/// The keys of `[restore]` that do without something.
fn options_without(need: &Need, major: u32) -> Vec<String> {
    let avoids = need.uses.iter().map(|usage| usage.purpose.avoid());
    let avoids = avoids.filter(|avoid| !matches!(avoid, Avoid::Owner | Avoid::Privileges));
    let options = avoids.filter_map(|avoid| avoid.option(PgMajor(major)).strip_prefix("--"));
    options.map(|option| option.replace('-', "_")).collect()
}

fn server(text: &mut String, of: &Subjects<'_>) {
    text.push_str("[server]\n");
    prose(
        text,
        "Without any of these: a throw-away cluster of this machine's own PostgreSQL \
          programs, in the folder for temporary files. data_dir chooses the disk under test.",
    );
    let _ = write!(
        text,
        "#data_dir = \"/mnt/fast\"\n#settings = {{ maintenance_work_mem = \"512MB\" }}\n"
    );
    prose(
        text,
        "A container instead; or, with provider = \"external\", a server of yours, whose \
          connection string is in an environment variable.",
    );
    let _ = write!(
        text,
        "#provider = \"docker\"\n#image    = \"postgres:{}\"\n#cpus     = 4\n#memory   = \"8GB\"\n\
         #conninfo_env = \"TARGET\"\n\n",
        of.inspection.head.rules_of
    );
}

fn rest(text: &mut String) {
    text.push_str("[limits]\n");
    prose(text, "The smallest -j that is at most this much slower than the fastest is as good.");
    text.push_str("tolerance = \"5%\"\n");
    prose(text, "What rules a -j out; the last one is about a production workload (docs/load.md).");
    text.push_str(
        "#cpu         = \"80%\"\n#connections = 6\n#memory      = \"4GB\"\n#p99_latency = \"12ms\"\n\n",
    );
    prose(text, "pgbench beside each restore, as a production workload.");
    text.push_str("#[workload]\n#rate    = 50\n#clients = 8\n\n");
    prose(text, "The same beside it with a difference: each variant has a curve of its own.");
    text.push_str(
        "#[[variant]]\n#name     = \"large-wal\"\n#settings = { max_wal_size = \"8GB\" }\n",
    );
}

/// A comment. What comes from the archive may hold anything.
fn prose(text: &mut String, words: &str) {
    let words: String =
        words.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    let hanging = if words.starts_with("- ") { "#   " } else { "# " };
    let options = textwrap::Options::new(WIDTH)
        .initial_indent("# ")
        .subsequent_indent(hanging)
        .word_splitter(textwrap::WordSplitter::NoHyphenation)
        .break_words(false);
    text.push_str(&textwrap::fill(&words, options));
    text.push('\n');
}

/// A string of TOML.
fn string(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn quoted(name: &str) -> String {
    format!("{name:?}")
}

/// Names with commas, up to [`NAMED`] of them.
fn listed(names: &[String]) -> String {
    let shown = names.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    match names.len().checked_sub(NAMED) {
        None | Some(0) => shown,
        Some(more) => format!("{shown} and {more} more"),
    }
}
