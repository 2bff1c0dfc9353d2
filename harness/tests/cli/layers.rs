//! Modules import only from layers below their own, and say what they are.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The layers of the harness, from the bottom. ARCHITECTURE.md draws them.
const HARNESS: [&[&str]; 16] = [
    &["clock", "process", "printer", "document"],
    &["lease", "scenario"],
    &["design"],
    &["record"],
    &["load", "errors"],
    &["provider", "stats"],
    &["preflight"],
    &["dataset", "analysis"],
    &["workload", "verify"],
    &["sweep", "recommend", "gate", "history"],
    &["study", "merge"],
    &["claims"],
    &["tune"],
    &["report", "cli", "session"],
    &["publish", "keep"],
    &["commands"],
];

/// The layers of restore-core.
const CORE: [&[&str]; 10] = [
    &["spelling"],
    &["units", "format", "connection", "sql"],
    &["toc", "launch", "options", "control"],
    &["selection"],
    &["archive", "event"],
    &["plan"],
    &["schedule", "needs"],
    &["replay", "inspect"],
    &["engine"],
    &["dump", "native"],
];

/// Works from what was recorded alone, with no server near.
const RIGHT_OF_THE_RUN_FOLDER: [&str; 10] = [
    "stats",
    "analysis",
    "recommend",
    "study",
    "gate",
    "history",
    "claims",
    "tune",
    "report",
    "publish",
];
const LEFT_OF_IT: [&str; 10] = [
    "provider",
    "preflight",
    "dataset",
    "load",
    "workload",
    "verify",
    "sweep",
    "session",
    "process",
    "lease",
];

pub(super) fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

pub(super) fn root(krate: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(krate).join("src")
}

/// The modules of the same crate that a file names, tests aside.
fn imports(text: &str) -> Vec<String> {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let code: String = code
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n");
    let after = code.split("crate::").skip(1);
    after
        .map(|rest| rest.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect())
        .filter(|name: &String| !name.is_empty())
        .collect()
}

fn check(krate: &str, layers: &[&[&str]]) -> Vec<String> {
    let rank: BTreeMap<&str, usize> = layers
        .iter()
        .enumerate()
        .flat_map(|(rank, modules)| modules.iter().map(move |module| (*module, rank)))
        .collect();
    let root = root(krate);
    let mut breaches = Vec::new();
    for path in sources(&root) {
        let text = fs::read_to_string(&path).unwrap();
        let name = path.strip_prefix(&root).unwrap().display().to_string();
        if !text.starts_with("//!") {
            breaches.push(format!("{name} does not open with //!"));
        }
        let module = name.split(['/', '.']).next().unwrap();
        if ["lib", "main"].contains(&module) {
            continue;
        }
        let Some(own) = rank.get(module) else {
            breaches.push(format!("{name} belongs to no layer"));
            continue;
        };
        for import in imports(&text) {
            let Some(other) = rank.get(import.as_str()) else { continue };
            if import != module && other >= own {
                breaches.push(format!("{name} imports {import}, which is not below it"));
            }
            if RIGHT_OF_THE_RUN_FOLDER.contains(&module) && LEFT_OF_IT.contains(&import.as_str()) {
                breaches.push(format!("{name} needs a server: it imports {import}"));
            }
        }
    }
    breaches.sort();
    breaches.dedup();
    breaches
}

#[test]
fn the_harness_imports_downwards() {
    assert_eq!(check("harness", &HARNESS), Vec::<String>::new());
}

#[test]
fn restore_core_imports_downwards() {
    assert_eq!(check("restore-core", &CORE), Vec::<String>::new());
}
