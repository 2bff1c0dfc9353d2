//! What two shards must have in common to be parts of one run.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

use super::allowance::Allowance;
use crate::design::Shard;
use crate::record::{ArchiveRecord, RunRecord, ServerRecord};

/// Something that is not alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Difference {
    what: What,
    /// What was seen on both sides.
    seen: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Count,
    Seed,
    Cells,
    Scenario,
    Scripts,
    Archive,
    Selection,
    Version,
}

impl Difference {
    pub(super) fn may_be_allowed_by(&self, allow: &[Allowance]) -> bool {
        self.what == What::Archive && allow.contains(&Allowance::Archive)
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.what {
            What::Count => "number of shards",
            What::Seed => "seed",
            What::Cells => "cells",
            What::Scenario => "scenario",
            What::Scripts => "scripts",
            What::Archive => "archive",
            What::Selection => "selected items",
            What::Version => "version",
        };
        write!(f, "{what}: {}", self.seen)
    }
}

/// All that differs between two shards and must not.
pub(super) fn differences(one: &RunRecord, other: &RunRecord) -> Vec<Difference> {
    let mut differences = Vec::new();
    let mut differ = |what, seen: Option<String>| {
        differences.extend(seen.map(|seen| Difference { what, seen }));
    };
    let both = [one, other];
    let [count, other_count] = both.map(|run| run.shard.map_or(1, Shard::count));
    differ(What::Count, unequal(&count, &other_count));
    let [seed, other_seed] = both.map(|run| run.design.seed());
    differ(What::Seed, unequal(&seed, &other_seed));
    let [scenario, other_scenario] = both.map(scenario);
    let at = first_difference(&scenario, &other_scenario, "");
    // Other cells follow from another scenario.
    if at.is_none() && one.design.cells() != other.design.cells() {
        differ(What::Cells, Some("the designs have other cells".to_owned()));
    }
    differ(What::Scenario, at);
    differ(What::Scripts, scripts(one, other));
    differ(What::Archive, archives(one, other, |of| of.sha256.clone()));
    differ(What::Selection, archives(one, other, |of| of.selection.clone()));
    for (variant, server) in &one.servers {
        let theirs = other.servers.get(variant);
        differ(What::Version, theirs.and_then(|theirs| versions(variant, server, theirs)));
    }
    differences
}

fn unequal<T: PartialEq + fmt::Display>(one: &T, other: &T) -> Option<String> {
    (one != other).then(|| format!("{one} and {other}"))
}

/// The scenario as programs see it, without its seed, which is compared apart.
fn scenario(run: &RunRecord) -> Value {
    let mut scenario = run.scenario.clone().without_places();
    scenario.sweep.seed = None;
    // A scenario that could be read can be written.
    serde_json::to_value(scenario).unwrap_or(Value::Null)
}

/// The first key in which two values differ, with both.
fn first_difference(one: &Value, other: &Value, at: &str) -> Option<String> {
    if let (Value::Object(ours), Value::Object(theirs)) = (one, other) {
        let names: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
        return names.into_iter().find_map(|name| {
            let at = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
            let of = |map: &serde_json::Map<String, Value>| map.get(name).cloned();
            first_difference(
                &of(ours).unwrap_or(Value::Null),
                &of(theirs).unwrap_or(Value::Null),
                &at,
            )
        });
    }
    if let (Value::Array(ours), Value::Array(theirs)) = (one, other)
        && ours.len() == theirs.len()
        && ours.iter().all(Value::is_object)
    {
        let mut pairs = (1..).zip(ours.iter().zip(theirs));
        return pairs.find_map(|(place, (one, other))| {
            first_difference(one, other, &format!("{at} {place}"))
        });
    }
    (one != other).then(|| format!("{at} is {one} and {other}"))
}

fn scripts(one: &RunRecord, other: &RunRecord) -> Option<String> {
    let mut pairs = one.scripts.iter().zip(&other.scripts);
    let changed = pairs.find(|(ours, theirs)| ours.sha256 != theirs.sha256);
    changed.map(|(ours, theirs)| {
        format!("{} and {} have other contents", ours.path.display(), theirs.path.display())
    })
}

/// What is not the same of an archive that both have, and archives that one
/// alone has.
fn archives<T: PartialEq>(
    one: &RunRecord,
    other: &RunRecord,
    of: impl Fn(&ArchiveRecord) -> T,
) -> Option<String> {
    let differing: Vec<String> = one
        .archives
        .iter()
        .filter(|archive| other.archive(&archive.key).map(&of) != Some(of(archive)))
        .map(|archive| {
            let key = &archive.key;
            format!("{} {} {} is another one", key.variant, key.format, key.compression)
        })
        .collect();
    (!differing.is_empty()).then(|| differing.join("; "))
}

/// Numbers alone: how a distribution names its build is no other version.
fn versions(variant: &str, one: &ServerRecord, other: &ServerRecord) -> Option<String> {
    let number = |version: &str| version.split_whitespace().next().unwrap_or_default().to_owned();
    let in_words = |server: &ServerRecord| {
        format!(
            "PostgreSQL {} with programs {}",
            number(&server.version),
            number(&server.client_version)
        )
    };
    unequal(&in_words(one), &in_words(other)).map(|seen| format!("{variant}: {seen}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_first_key_that_differs_is_named() {
        let one = json!({ "a": { "b": [1, 2] }, "v": [{ "n": 1 }, { "n": 2 }], "z": null });
        let with = |pointer: &str, value: Value| {
            let mut other = one.clone();
            *other.pointer_mut(pointer).unwrap() = value;
            first_difference(&one, &other, "")
        };
        assert_eq!(first_difference(&one, &one, ""), None);
        assert_eq!(with("/a/b", json!([1, 3])).unwrap(), "a.b is [1,2] and [1,3]");
        assert_eq!(with("/v/1/n", json!(5)).unwrap(), "v 2.n is 2 and 5");
        assert_eq!(with("/z", json!("x")).unwrap(), "z is null and \"x\"");
    }
}
