//! Scripts: the project's own, and the user's.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use restore_core::engine::Target;
use restore_core::launch::{CommandLine, succeed};
use sha2::{Digest as _, Sha256};

use super::digest::hex;
use crate::provider::Server;
use crate::record::FileDigest;
use crate::scenario::quantity::Scale;

/// Runs the scripts in their order, each in a session of its own; the first
/// error ends it, and psql tells its file and line.
pub(super) async fn fill(
    server: &Server,
    database: &str,
    files: &[PathBuf],
    scale: Scale,
) -> anyhow::Result<()> {
    let target = server.target(database);
    for file in files {
        let command = command(&target, file).arg(format!("--set=scale={scale}"));
        succeed(server.launcher().as_ref(), command)
            .await
            .with_context(|| format!("the script {} failed", file.display()))?;
    }
    Ok(())
}

/// Runs a script in a session of its own, which the first error ends. What
/// statements return is passed over; messages name file and line.
pub fn command(target: &Target, file: &Path) -> CommandLine {
    CommandLine::new("psql")
        .args(["--no-psqlrc", "--quiet", "--no-password", "--set=ON_ERROR_STOP=1"])
        .arg("--output=/dev/null")
        .arg(format!("--dbname={}", target.conninfo))
        .arg(format!("--file={}", file.display()))
        .envs(&target.env)
}

/// SHA-256 of each script, with the scripts that it includes.
pub fn digests<'a>(
    files: impl IntoIterator<Item = &'a PathBuf>,
) -> anyhow::Result<Vec<FileDigest>> {
    let of_file = |file: &PathBuf| {
        let mut hasher = Sha256::new();
        for text in read_all(std::slice::from_ref(file))? {
            hasher.update(Sha256::digest(&text));
        }
        Ok(FileDigest { path: file.clone(), sha256: hex(&hasher.finalize()) })
    };
    files.into_iter().map(of_file).collect()
}

/// The scripts' texts with those that they include, for the digest of what is
/// made of them.
pub(super) fn read_all(files: &[PathBuf]) -> anyhow::Result<Vec<String>> {
    let mut seen = BTreeSet::new();
    let mut texts = Vec::new();
    for file in files {
        // A pipe can be read once, and a script is run for every trial.
        let is_pipe = fs::metadata(file).is_ok_and(|found| !found.is_file());
        ensure!(!is_pipe, "the script {} is no regular file", file.display());
        let text = fs::read_to_string(file)
            .with_context(|| format!("cannot read the script {}", file.display()))?;
        seen.insert(file.clone());
        follow(file, &text, &mut seen, &mut texts);
        texts.push(text);
    }
    Ok(texts)
}

/// Adds what `text` includes. A file that cannot be read is passed over: psql
/// will say what is wrong with it, if it comes to it.
fn follow(file: &Path, text: &str, seen: &mut BTreeSet<PathBuf>, texts: &mut Vec<String>) {
    for path in text.lines().filter_map(|line| included(file, line)) {
        if !seen.insert(path.clone()) {
            continue;
        }
        if let Ok(text) = fs::read_to_string(&path) {
            follow(&path, &text, seen, texts);
            texts.push(text);
        }
    }
}

/// The file that a line includes (psql's `\i` and `\ir`).
fn included(file: &Path, line: &str) -> Option<PathBuf> {
    let (command, name) = line.trim().split_once(char::is_whitespace)?;
    let name = name.trim().trim_matches('\'');
    match command {
        "\\ir" | "\\include_relative" => Some(file.parent()?.join(name)),
        "\\i" | "\\include" => Some(PathBuf::from(name)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_included_counts() {
        let folder = tempfile::tempdir().unwrap();
        let (a, b) = (folder.path().join("a.sql"), folder.path().join("b.sql"));
        fs::write(&a, "\\ir b.sql\n\\ir 'missing.sql'\nSELECT 1;\n").unwrap();
        fs::write(&b, "\\ir a.sql\nSELECT 2;\n").unwrap();
        let texts = read_all(std::slice::from_ref(&a)).unwrap();
        assert_eq!(texts.len(), 2, "each once, though they include each other");
        assert!(texts[0].contains("SELECT 2"));
        assert!(read_all(&[folder.path().join("missing.sql")]).is_err());
    }
}
