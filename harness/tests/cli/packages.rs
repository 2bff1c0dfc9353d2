//! What the crates would publish, and that what is said of them is there.

use std::process::Command;

use super::{Place, assert_done, stdout};

/// The files of a crate as `cargo package` would take them.
fn packaged(name: &str) -> Vec<String> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let output = Command::new(env!("CARGO"))
        .args(["package", "--list", "--allow-dirty", "--locked", "--offline", "-p", name])
        .current_dir(root)
        .output()
        .unwrap();
    assert_done(&output);
    stdout(&output).lines().map(str::to_owned).collect()
}

#[test]
fn packages_hold_what_they_need_and_no_tests() {
    for name in ["harness", "restore-core"] {
        let files = packaged(name);
        for needed in ["LICENSE-MIT", "LICENSE-APACHE", "README.md", "Cargo.toml", "src/lib.rs"] {
            assert!(files.iter().any(|file| file == needed), "{name} lacks {needed}");
        }
        let other: Vec<&String> = files
            .iter()
            .filter(|file| file.starts_with("tests/") || file.starts_with("benches/"))
            .collect();
        assert!(other.is_empty(), "{name} has {other:?}");
    }
    assert!(packaged("harness").iter().any(|file| file.ends_with("fonts/OFL.txt")));
}

#[test]
fn doctor_looks_where_sweeps_keep_archives() {
    let place = Place::new();
    let output = place.run(&["doctor", "--format", "json"]);
    assert_done(&output);
    let findings: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let cache = findings.as_array().unwrap().iter().find(|of| of["what"] == "archive cache");
    assert_eq!(cache.unwrap()["found"], place.path("cache").to_string_lossy().as_ref());
}
