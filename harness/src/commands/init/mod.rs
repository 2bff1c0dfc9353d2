//! `jobtune init`: a scenario for an archive, from what it holds.

mod text;

use std::path::{Path, PathBuf};

use anyhow::bail;
use restore_core::archive::Archive;
use restore_core::inspect::{Selection, Subject};
use restore_core::options::RestoreOptions;
use restore_core::units::{Bytes, Jobs};

use super::{Status, write_file};
use crate::cli::InitArgs;
use crate::dataset::size_on_disk;
use crate::printer::Printer;
use crate::scenario::{self, Overrides};
use crate::session::{host, what_it_takes};
use text::Subjects;

pub(super) fn run(args: &InitArgs, printer: &Printer) -> anyhow::Result<Status> {
    let archive = Archive::open(&args.archive)?;
    let name = scenario::from_archive(&args.archive, &Overrides::default())?.name;
    let out = args.out.clone().unwrap_or_else(|| PathBuf::from(format!("{name}.toml")));
    if out.exists() && !args.force {
        bail!("{} is there already: name another file with --out, or give --force", out.display());
    }
    let text = scenario_text(&archive, &args.archive, &name, &out)?;
    // What is written must be what a sweep takes.
    scenario::parse(Some(&out), &text, &Overrides::default())?;
    write_file(&out, &text)?;
    let file = shlex::try_quote(&out.to_string_lossy()).map(std::borrow::Cow::into_owned)?;
    printer.answer(&format!(
        "{} is a scenario for {}. See what it would do and take, and run it:\n\n  \
         jobtune sweep {file} --dry-run\n  jobtune sweep {file}",
        out.display(),
        args.archive.display()
    ));
    Ok(Status::Done)
}

fn scenario_text(archive: &Archive, path: &Path, name: &str, out: &Path) -> anyhow::Result<String> {
    let all = Selection::new(archive, &RestoreOptions::default(), None)?.needs();
    let selection = Selection::new(archive, &RestoreOptions::without_roles(), None)?;
    let inspection = Subject::of(archive, selection)?.inspect(&[Jobs::ONE]);
    let cores = host().cores;
    let jobs = text::jobs(cores, &inspection);
    let overrides = Overrides { jobs: Some(jobs.clone()), ..Overrides::default() };
    let takes = what_it_takes(&scenario::from_archive(path, &overrides)?)?;
    let written = path_from(out, path);
    let Some(written) = written.to_str() else {
        bail!("{} is not UTF-8: a scenario cannot name it", path.display());
    };
    Ok(text::scenario(&Subjects {
        name,
        path: written,
        bytes: size_on_disk(path).map(Bytes),
        cores,
        jobs: &jobs,
        takes: &takes,
        all_needs: &all,
        inspection: &inspection,
    }))
}

/// The archive from the folder of the scenario, so that both can be moved together.
fn path_from(out: &Path, archive: &Path) -> PathBuf {
    let archive = scenario::resolved(archive);
    let out = scenario::resolved(out);
    let folder = out.parent().unwrap_or(Path::new("/"));
    pathdiff::diff_paths(&archive, folder).unwrap_or(archive)
}
