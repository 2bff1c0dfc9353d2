//! Paths in `run.json`. Scripts that stand beside the run folder are written as
//! the way from it, so that folder and scripts can be moved or cloned together;
//! a script that shares nothing with it but the root keeps its whole path.

use std::path::{Component, Path, PathBuf};

use super::run::RunRecord;
use crate::scenario::resolved;
use pathdiff::diff_paths;

/// The run as its folder `folder` writes it.
pub(super) fn to_written(folder: &Path, run: &mut RunRecord) {
    let folder = resolved(folder);
    for path in all(run) {
        *path = lead(&folder, path);
    }
    run.scenario.resolve_option_files(|path| lead(&folder, path));
}

/// The way from the folder to a path; the whole path where they share nothing
/// but the root.
fn lead(folder: &Path, path: &Path) -> PathBuf {
    let shares = folder.components().zip(path.components()).take(2).filter(|(a, b)| a == b);
    let way = if shares.count() == 2 { diff_paths(path, folder) } else { None };
    way.unwrap_or_else(|| path.to_owned())
}

/// The run as the program uses it: whole paths.
pub(super) fn to_used(folder: &Path, run: &mut RunRecord) {
    let folder = resolved(folder);
    for path in all(run) {
        *path = follow(&folder, path);
    }
    run.scenario.resolve_option_files(|path| follow(&folder, path));
}

fn all(run: &mut RunRecord) -> impl Iterator<Item = &mut PathBuf> {
    let digests = run.scripts.iter_mut().map(|script| &mut script.path);
    run.scenario.scripts_mut().chain(digests)
}

/// Where that way leads. By the names alone: what it leads to may be gone.
fn follow(from: &Path, way: &Path) -> PathBuf {
    let mut place = from.to_owned();
    for part in way.components() {
        match part {
            Component::ParentDir => _ = place.pop(),
            Component::CurDir => {}
            part => place.push(part),
        }
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_leads_back_to_where_it_was_taken() {
        for (from, to, way) in [
            ("/p/results/run", "/p/scenarios/sql/a.sql", "../../scenarios/sql/a.sql"),
            ("/p/run", "/p/run/a.sql", "a.sql"),
            ("/p/run", "/p", ".."),
        ] {
            assert_eq!(diff_paths(to, from).unwrap(), Path::new(way));
            assert_eq!(follow(Path::new(from), Path::new(way)), Path::new(to));
        }
        // A run of an older program has whole paths.
        assert_eq!(follow(Path::new("/p/run"), Path::new("/q/a.sql")), Path::new("/q/a.sql"));
    }
}
