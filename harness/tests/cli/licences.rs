//! Every dependency has a licence that deny.toml allows, or a choice that
//! includes one.

use std::process::Command;

use serde::Deserialize;
use spdx::{Expression, ParseMode};

#[derive(Deserialize)]
struct Deny {
    licenses: Licenses,
}

#[derive(Deserialize)]
struct Licenses {
    allow: Vec<String>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    license: Option<String>,
    source: Option<String>,
}

#[test]
fn dependencies_are_licensed_as_deny_toml_allows() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let deny = std::fs::read_to_string(format!("{root}/deny.toml")).unwrap();
    let allowed = toml::from_str::<Deny>(&deny).unwrap().licenses.allow;
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked"])
        .current_dir(root)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Metadata = serde_json::from_slice(&output.stdout).unwrap();
    let dependencies: Vec<&Package> =
        metadata.packages.iter().filter(|package| package.source.is_some()).collect();
    assert!(dependencies.len() > 50, "cargo names only {} dependencies", dependencies.len());
    let refused: Vec<String> = dependencies
        .into_iter()
        .filter(|package| !is_allowed(package.license.as_deref(), &allowed))
        .map(|package| format!("{}: {}", package.name, package.license.as_deref().unwrap_or("-")))
        .collect();
    assert_eq!(refused, Vec::<String>::new());
}

fn is_allowed(license: Option<&str>, allowed: &[String]) -> bool {
    let parsed = license.and_then(|text| Expression::parse_mode(text, ParseMode::LAX).ok());
    parsed.is_some_and(|expression| {
        expression.evaluate(|required| {
            required.license.id().is_some_and(|id| allowed.iter().any(|name| name == id.name))
        })
    })
}
