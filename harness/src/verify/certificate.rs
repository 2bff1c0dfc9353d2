//! What two sides have in common, and what not.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;

use super::Contents;
use super::contents::{Definition, ObjectName};

/// The names of the two sides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sides {
    pub left: String,
    pub right: String,
}

/// What came of a comparison.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Certificate {
    pub equal: bool,
    #[serde(flatten)]
    pub sides: Sides,
    /// How much the left side has of what was compared.
    pub compared: Compared,
    pub differences: Vec<Difference>,
    /// What could not be compared, or was not to be.
    pub not_compared: Vec<String>,
}

/// How much there is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Compared {
    pub objects: usize,
    pub tables: usize,
    pub rows: u64,
    pub sequences: usize,
    pub large_objects: usize,
}

/// Something that is not alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// `INDEX public.orders_pkey`, `rows of public.orders`.
    pub what: String,
    /// What the left side has of it; `null` where it is missing there.
    pub left: Option<String>,
    pub right: Option<String>,
}

impl Difference {
    fn new(what: impl Into<String>, left: Option<String>, right: Option<String>) -> Self {
        Self { what: what.into(), left, right }
    }
}

/// What of the two sides can be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Comparable {
    /// Whether both sides' definitions were written by one version of `pg_dump`: another one
    /// writes the same thing otherwise.
    pub definitions: bool,
}

impl Certificate {
    /// Compares two sides. `not_compared` says what was left out, for the reader.
    pub fn of(
        sides: Sides,
        left: &Contents,
        right: &Contents,
        comparable: Comparable,
        not_compared: Vec<String>,
    ) -> Self {
        let mut differences = objects(left, right, comparable);
        differences.extend(by_key(&left.rows, &right.rows, |table| format!("rows of {table}")));
        let sequence = |name: &String| format!("sequence {name}");
        differences.extend(by_key(&left.sequences, &right.sequences, sequence));
        differences.extend(large_objects(left, right));
        differences.extend(flags(&left.unready, &right.unready));
        let compared = Compared {
            objects: left.objects.values().map(Vec::len).sum(),
            tables: left.rows.len(),
            rows: left.rows.values().map(|rows| rows.count).sum(),
            sequences: left.sequences.len(),
            large_objects: left.large_objects.len(),
        };
        Self { equal: differences.is_empty(), sides, compared, differences, not_compared }
    }
}

/// The differences of two maps, by the names of their keys.
fn by_key<K: Ord, V: PartialEq + fmt::Display>(
    left: &BTreeMap<K, V>,
    right: &BTreeMap<K, V>,
    name: impl Fn(&K) -> String,
) -> Vec<Difference> {
    let keys: BTreeSet<&K> = left.keys().chain(right.keys()).collect();
    let differing = keys.into_iter().filter(|key| left.get(key) != right.get(key));
    let shown = |side: &BTreeMap<K, V>, key: &K| side.get(key).map(ToString::to_string);
    differing.map(|key| Difference::new(name(key), shown(left, key), shown(right, key))).collect()
}

fn objects(left: &Contents, right: &Contents, comparable: Comparable) -> Vec<Difference> {
    let names: BTreeSet<&ObjectName> = left.objects.keys().chain(right.objects.keys()).collect();
    let none = Vec::new();
    let mut differences = Vec::new();
    for name in names {
        let [ours, theirs] = [left, right].map(|side| side.objects.get(name).unwrap_or(&none));
        if ours.len() != theirs.len() {
            let count = |side: &[Definition]| match side.len() {
                0 => None,
                1 => Some("is there".to_owned()),
                many => Some(format!("is there {many} times")),
            };
            differences.push(Difference::new(name.to_string(), count(ours), count(theirs)));
        } else if comparable.definitions {
            let pairs = ours.iter().zip(theirs).filter(|(one, other)| one != other);
            differences.extend(pairs.map(|(one, other)| {
                let (one, other) = first_difference(one, other);
                Difference::new(name.to_string(), Some(one), Some(other))
            }));
        }
    }
    differences
}

/// The first thing in which two definitions differ, as each side has it.
fn first_difference(left: &Definition, right: &Definition) -> (String, String) {
    let shown = |what: &str, value: &Option<String>| match value.as_deref() {
        None | Some("") => format!("no {what}"),
        Some(value) => format!("{what} {value}"),
    };
    for (what, one, other) in [
        ("owner", &left.owner, &right.owner),
        ("tablespace", &left.tablespace, &right.tablespace),
        ("access method", &left.access_method, &right.access_method),
    ] {
        if one != other {
            return (shown(what, one), shown(what, other));
        }
    }
    let lines = |sql: &str| sql.lines().map(|line| line.trim().to_owned()).collect::<Vec<_>>();
    let (ours, theirs) = (lines(&left.sql), lines(&right.sql));
    let at = ours.iter().zip(&theirs).take_while(|(one, other)| one == other).count();
    let line = |lines: &[String]| lines.get(at).cloned().unwrap_or_else(|| "(ends)".to_owned());
    (line(&ours), line(&theirs))
}

fn large_objects(left: &Contents, right: &Contents) -> Vec<Difference> {
    let oids: BTreeSet<&u32> =
        left.large_objects.keys().chain(right.large_objects.keys()).collect();
    let mut differences = Vec::new();
    for oid in oids {
        let what = format!("large object {oid}");
        let [ours, theirs] = [left, right].map(|side| side.large_objects.get(oid));
        let contents = [ours, theirs].map(|object| {
            object.map(|object| format!("{} bytes, SHA-256 {:.16}", object.bytes, object.sha256))
        });
        let properties =
            [ours, theirs].map(|object| object.and_then(|object| object.properties.clone()));
        let differing = if contents[0] != contents[1] {
            contents
        } else if properties.iter().all(Option::is_some) && properties[0] != properties[1] {
            properties
        } else {
            continue;
        };
        let [ours, theirs] = differing;
        differences.push(Difference::new(what, ours, theirs));
    }
    differences
}

fn flags(left: &BTreeSet<String>, right: &BTreeSet<String>) -> Vec<Difference> {
    let there = |side: &BTreeSet<String>, flag: &String| {
        Some(if side.contains(flag) { "yes" } else { "no" }.to_owned())
    };
    let differing = left.symmetric_difference(right);
    differing
        .map(|flag| Difference::new(flag.clone(), there(left, flag), there(right, flag)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::{LargeObject, RowHasher, SequenceValue};

    fn contents(rows: &[u8], owner: &str) -> Contents {
        let mut hasher = RowHasher::default();
        hasher.take(rows);
        let name = ObjectName {
            kind: "TABLE".to_owned(),
            schema: "public".to_owned(),
            name: "orders".to_owned(),
        };
        let definition = Definition {
            sql: "CREATE TABLE public.orders (\n    id integer\n);\n".to_owned(),
            owner: Some(owner.to_owned()),
            ..Definition::default()
        };
        let object = LargeObject { bytes: 1, sha256: "ab".repeat(32), properties: None };
        Contents {
            objects: BTreeMap::from([(name, vec![definition])]),
            rows: BTreeMap::from([("public.orders".to_owned(), hasher.finish())]),
            sequences: BTreeMap::from([(
                "public.s".to_owned(),
                SequenceValue { last_value: 7, is_called: true },
            )]),
            large_objects: BTreeMap::from([(9, object)]),
            ..Contents::default()
        }
    }

    fn differences(left: &Contents, right: &Contents, definitions: bool) -> Vec<String> {
        let sides = Sides { left: "a".to_owned(), right: "b".to_owned() };
        let certificate =
            Certificate::of(sides, left, right, Comparable { definitions }, Vec::new());
        assert_eq!(certificate.equal, certificate.differences.is_empty());
        let shown = |side: &Option<String>| side.clone().unwrap_or_else(|| "-".to_owned());
        let differences = certificate.differences.iter();
        differences
            .map(|of| format!("{}: {} | {}", of.what, shown(&of.left), shown(&of.right)))
            .collect()
    }

    #[test]
    fn whatever_differs_is_named() {
        let left = contents(b"1\n2\n", "ann");
        assert_eq!(differences(&left, &contents(b"2\n1\n", "ann"), true), Vec::<String>::new());
        let mut right = contents(b"1\n3\n", "bob");
        right.sequences.get_mut("public.s").unwrap().is_called = false;
        right.large_objects.get_mut(&9).unwrap().bytes = 2;
        right.unready.insert("index public.i is not valid".to_owned());
        let found = differences(&left, &right, true);
        assert_eq!(found[0], "TABLE public.orders: owner ann | owner bob");
        assert!(found[1].starts_with("rows of public.orders: 2 rows, hash "), "{found:?}");
        assert_eq!(found[2], "sequence public.s: 7 | 7, not called");
        assert!(found[3].starts_with("large object 9: 1 bytes"), "{found:?}");
        assert_eq!(found[4], "index public.i is not valid: no | yes");
        assert_eq!(found.len(), 5);
        assert_eq!(differences(&left, &right, false).len(), 4, "definitions of other programs");
        right.objects.clear();
        right.rows.clear();
        let found = differences(&left, &right, false);
        assert_eq!(found[0], "TABLE public.orders: is there | -");
        assert!(found[1].ends_with("| -"), "{found:?}");
    }

    #[test]
    fn the_first_line_that_differs_is_shown() {
        let (mut left, mut right) = (contents(b"", "ann"), contents(b"", "ann"));
        let set = |side: &mut Contents, sql: &str| {
            side.objects.values_mut().for_each(|of| of[0].sql = sql.to_owned());
        };
        set(&mut left, "CREATE TABLE t (\n    a integer,\n    b text\n);");
        set(&mut right, "CREATE TABLE t (\n    a integer,\n    b bigint\n);");
        assert_eq!(differences(&left, &right, true), ["TABLE public.orders: b text | b bigint"]);
    }
}
