//! What one side of a comparison holds.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use restore_core::archive::Archive;
use restore_core::toc::{Item, ItemKind};
use serde::{Serialize, Serializer};

use super::Ignored;
use super::rows::Rows;

/// What a database or an archive holds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Contents {
    /// Several definitions under one name are sorted.
    pub objects: BTreeMap<ObjectName, Vec<Definition>>,
    /// By the table's name with its schema.
    pub rows: BTreeMap<String, Rows>,
    /// By the sequence's name with its schema.
    pub sequences: BTreeMap<String, SequenceValue>,
    /// By OID, which a restore keeps.
    pub large_objects: BTreeMap<u32, LargeObject>,
    /// Indexes that are not valid or not ready, materialized views without rows: `pg_dump` does
    /// not print it.
    pub unready: BTreeSet<String>,
}

/// What an item of an archive defines.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectName {
    pub kind: String,
    pub schema: String,
    pub name: String,
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, schema, name } = self;
        match (kind.as_str(), schema.as_str()) {
            (_, "") => write!(f, "{kind} {name}"),
            // Their names begin with the kind of what they belong to.
            ("ACL" | "COMMENT" | "SECURITY LABEL", _) => {
                write!(f, "{kind} on {name} (schema {schema})")
            }
            _ => write!(f, "{kind} {schema}.{name}"),
        }
    }
}

impl Serialize for ObjectName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// How `pg_dump` defines an object; absent where it is ignored.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Definition {
    pub sql: String,
    pub owner: Option<String>,
    pub tablespace: Option<String>,
    pub access_method: Option<String>,
}

/// Where a sequence stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct SequenceValue {
    pub last_value: i64,
    pub is_called: bool,
}

impl fmt::Display for SequenceValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let called = if self.is_called { "" } else { ", not called" };
        write!(f, "{}{called}", self.last_value)
    }
}

/// A large object; what an archive does not tell in one place is absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LargeObject {
    pub bytes: u64,
    /// SHA-256 in hexadecimal digits.
    pub sha256: String,
    /// Owner, grants and comment in words.
    pub properties: Option<String>,
}

/// The definitions of an archive.
pub(super) fn objects(
    archive: &Archive,
    ignored: Ignored,
) -> BTreeMap<ObjectName, Vec<Definition>> {
    let mut objects: BTreeMap<ObjectName, Vec<Definition>> = BTreeMap::new();
    for item in archive.toc().items.iter().filter(|item| defines(item, ignored)) {
        let name = ObjectName {
            kind: item.kind.as_str().to_owned(),
            schema: item.namespace.clone().unwrap_or_default(),
            name: item.name().to_owned(),
        };
        objects.entry(name).or_default().push(Definition {
            sql: without_versions(item.definition.as_deref().unwrap_or_default()),
            owner: item.owner.clone().filter(|_| !ignored.owners),
            tablespace: item.tablespace.clone(),
            access_method: item.table_access_method.clone(),
        });
    }
    for definitions in objects.values_mut() {
        definitions.sort();
    }
    objects
}

/// A definition without the versions that servers note in the options of columns (15.20, 17.12),
/// which differ from restore to restore, and which a `pg_dump` that knows of them leaves out.
fn without_versions(sql: &str) -> String {
    const NOTE: &str = "(pg_attver=";

    if !sql.contains(NOTE) {
        return sql.to_owned();
    }
    let is_note = |line: &&str| {
        line.starts_with("ALTER ") && line.contains(NOTE) && line.trim_end().ends_with(");")
    };
    sql.split_inclusive('\n').filter(|line| !is_note(line)).collect()
}

/// Whether an item defines something in the database itself: neither data, which is compared
/// apart, nor the session's settings, nor the database, whose name a restore does not keep.
fn defines(item: &Item, ignored: Ignored) -> bool {
    let is_of = |what: &str| item.name().starts_with(what);
    match item.kind {
        ItemKind::Encoding
        | ItemKind::StdStrings
        | ItemKind::SearchPath
        | ItemKind::Database
        | ItemKind::DatabaseProperties
        | ItemKind::TableData
        | ItemKind::SequenceSet
        | ItemKind::Blob
        | ItemKind::BlobMetadata
        | ItemKind::Blobs => false,
        _ => match item.kind.as_str() {
            "MATERIALIZED VIEW DATA" | "STATISTICS DATA" => false,
            "ACL" => !ignored.privileges && !is_of("LARGE OBJECT") && !is_of("DATABASE "),
            "DEFAULT ACL" => !ignored.privileges,
            "COMMENT" | "SECURITY LABEL" => !is_of("LARGE OBJECT") && !is_of("DATABASE "),
            _ => true,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_columns_are_no_part_of_a_definition() {
        let table = "CREATE TABLE t (\n    a integer\n);\n";
        let note = "ALTER TABLE ONLY t ALTER COLUMN a SET (pg_attver=26741120);\n";
        assert_eq!(without_versions(&format!("{table}{note}")), table);
        let option = "ALTER TABLE ONLY t ALTER COLUMN a SET (n_distinct=5);\n";
        assert_eq!(without_versions(&format!("{table}{option}")), format!("{table}{option}"));
    }
}
