//! The table of contents of an archive: what a restore has to do.
//!
//! Field by field the entry of `pg_backup_archiver.h` (`struct _tocEntry`,
//! PostgreSQL 18), in this project's words.

use serde::{Deserialize, Serialize};

use crate::units::{Bytes, DumpId, Oid};

/// The table of contents of one archive.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Toc {
    /// The items in the order in which the archive lists them.
    pub items: Vec<Item>,
}

impl Toc {
    /// The item that carries this number, if the archive has one.
    pub fn get(&self, id: DumpId) -> Option<&Item> {
        self.items.iter().find(|item| item.id == id)
    }

    /// Gives every item with a place in a custom archive the distance to the
    /// next one's, in the order of the list, and the last one the distance to
    /// `end`, if that is known (`pg_backup_custom.c`, `_PrepParallelRestore`). A step backwards
    /// leaves no length.
    pub(crate) fn set_data_lengths(&mut self, end: Option<u64>) {
        let mut previous: Option<(&mut Option<Bytes>, u64)> = None;
        for item in &mut self.items {
            let DataOffset::At(start) = item.data else { continue };
            if let Some((length, before)) = previous {
                *length = start.checked_sub(before).map(Bytes);
            }
            previous = Some((&mut item.data_length, start));
        }
        if let Some((length, before)) = previous {
            *length = end.and_then(|end| end.checked_sub(before)).map(Bytes);
        }
    }

    /// Which sections have something to restore.
    pub fn sections_present(&self) -> SectionsPresent {
        SectionsPresent::of(&self.items)
    }
}

/// The sections of which an archive has something to restore: `pg_dump` leaves
/// out the others with `--section`, `--data-only` and `--schema-only`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SectionsPresent {
    /// Definitions that data needs.
    pub pre_data: bool,
    /// The data section.
    pub data: DataPresent,
    /// Indexes, constraints, triggers.
    pub post_data: bool,
}

/// What the data section has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum DataPresent {
    /// Nothing.
    #[default]
    Nothing,
    /// Large objects alone, which need nothing to be there.
    LargeObjects,
    /// Rows or values of sequences.
    Rows,
}

impl SectionsPresent {
    /// The sections of these items. What sets up the session, belongs to the
    /// database or only makes a large object for its data does not count.
    pub fn of<'a>(items: impl IntoIterator<Item = &'a Item>) -> Self {
        let counts = |item: &&Item| {
            !matches!(
                item.kind,
                ItemKind::Encoding
                    | ItemKind::StdStrings
                    | ItemKind::SearchPath
                    | ItemKind::Database
                    | ItemKind::DatabaseProperties
                    | ItemKind::Blob
                    | ItemKind::BlobMetadata
            )
        };
        let mut present = Self::default();
        for item in items.into_iter().filter(counts) {
            match item.section {
                Section::PreData => present.pre_data = true,
                Section::Data if item.kind == ItemKind::Blobs => {
                    present.data = present.data.max(DataPresent::LargeObjects);
                }
                Section::Data => present.data = DataPresent::Rows,
                Section::PostData => present.post_data = true,
                Section::None => {}
            }
        }
        present
    }

    /// What an archive is called that lacks a section (`data-only`); `None`
    /// where it has both pre-data and data, and for an archive of nothing.
    pub fn name(self) -> Option<&'static str> {
        let least = if self.pre_data { DataPresent::LargeObjects } else { DataPresent::Rows };
        match (self.pre_data, self.data >= least, self.post_data) {
            (true, true, _) | (false, false, false) => None,
            (true, false, true) => Some("schema-only"),
            (true, false, false) => Some("pre-data-only"),
            (false, true, false) => Some("data-only"),
            (false, true, true) => Some("without pre-data"),
            (false, false, true) => Some("post-data-only"),
        }
    }

    /// Whether a restore needs tables to be there that the archive does not
    /// make.
    pub fn needs_tables(self) -> bool {
        !self.pre_data && (self.data == DataPresent::Rows || self.post_data)
    }
}

/// One entry of the table of contents.
///
/// Strings are optional where the format can say NULL, which is not the same
/// as an empty string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The number other items refer to.
    pub id: DumpId,
    /// Whether the archive promises data for it (`hadDumper`).
    pub has_dumper: bool,
    /// OID of the catalog that the object lives in; 0 if none.
    pub catalog: Oid,
    /// OID of the object at the time of the dump; 0 if none.
    pub oid: Oid,
    /// The object's name as the archive gives it: for some kinds with the
    /// table's name before it, as in `orders orders_pkey`.
    pub tag: Option<String>,
    /// What kind of object it is.
    pub kind: ItemKind,
    /// Which part of the restore it belongs to.
    pub section: Section,
    /// The SQL that makes the object.
    pub definition: Option<String>,
    /// The SQL that removes it.
    pub drop_statement: Option<String>,
    /// The COPY command that reads its data; empty with `--inserts`.
    pub copy_statement: Option<String>,
    /// Schema of the object.
    pub namespace: Option<String>,
    /// Tablespace; `Some("")` is the default tablespace of the database.
    pub tablespace: Option<String>,
    /// Access method of a table (from format 1.14).
    pub table_access_method: Option<String>,
    /// `pg_class.relkind` of a relation (from format 1.16).
    pub relation_kind: Option<char>,
    /// Role that owns the object.
    pub owner: Option<String>,
    /// Items that must be there first. May name ids that the archive lacks.
    pub dependencies: Vec<DumpId>,
    /// Where its data is.
    pub data: DataOffset,
    /// How large `pg_restore` takes its data to be when it schedules the item
    /// (`dataLength`), by `_PrepParallelRestore` of the format.
    ///
    /// Compressed bytes: in a custom archive the distance to the next item's
    /// data, in a directory the size of the file, for large objects 1024
    /// times the size of the file that lists them. `pg_restore` never asks
    /// for tar archives; here it is as in a directory. `None` where the
    /// archive does not tell without being read through, which `pg_restore`
    /// takes as 0.
    pub data_length: Option<Bytes>,
}

impl Item {
    /// The tag, or "" where the archive has none.
    pub fn name(&self) -> &str {
        self.tag.as_deref().unwrap_or_default()
    }

    /// Whether the archive promises data for it or has SQL that makes it.
    pub fn has_content(&self) -> bool {
        self.has_dumper || self.definition.as_deref().is_some_and(|sql| !sql.is_empty())
    }

    /// Whether the data, where there is any, is a COPY stream; with
    /// `pg_dump --inserts` it is SQL.
    pub fn is_copied(&self) -> bool {
        self.copy_statement.as_deref().is_some_and(|sql| !sql.is_empty())
    }

    /// Whether the data goes through a partitioned table rather than into
    /// the partition (`pg_dump --load-via-partition-root`), so that the
    /// partition must not be truncated first.
    pub fn loads_via_partition_root(&self) -> bool {
        self.definition.as_deref().is_some_and(|sql| sql.starts_with("-- load via partition root "))
    }
}

/// Where an item's data is in the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DataOffset {
    /// The item has data, but the archive was written to a pipe, so that its
    /// place was not known when the table of contents was written.
    NotSet,
    /// At this byte of a custom archive.
    At(u64),
    /// In this file of a directory or tar archive, without the suffix of the
    /// compression method.
    File(String),
    /// The item has no data.
    NoData,
}

/// The parts of a restore, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Section {
    /// Belongs to no part of its own: comments, ACLs and the like.
    None,
    /// Definitions that data needs: types, functions, tables.
    PreData,
    /// Table rows, large objects, sequence values.
    Data,
    /// What is better made after the data: indexes, constraints, triggers.
    PostData,
}

impl Section {
    /// The section with this number in the archive (`teSection`).
    pub fn from_wire(code: i64) -> Option<Self> {
        match code {
            1 => Some(Self::None),
            2 => Some(Self::PreData),
            3 => Some(Self::Data),
            4 => Some(Self::PostData),
            _ => None,
        }
    }

    /// What the manual calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::PreData => "pre-data",
            Self::Data => "data",
            Self::PostData => "post-data",
        }
    }
}

macro_rules! item_kinds {
    ($($(#[$meta:meta])* $variant:ident = $text:literal,)*) => {
        /// What kind of object an item is: the `desc` of its entry.
        ///
        /// The kinds that scheduling or reporting treats by name; every other
        /// one is kept as the archive wrote it.
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(from = "String", into = "String")]
        pub enum ItemKind {
            $($(#[$meta])* $variant,)*
            /// Any other kind, in the archive's words.
            Other(String),
        }

        impl ItemKind {
            /// The archive's words for it, as `pg_restore -l` prints them.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)*
                    Self::Other(text) => text,
                }
            }
        }

        impl From<ItemKind> for String {
            fn from(kind: ItemKind) -> Self {
                kind.as_str().to_owned()
            }
        }

        impl From<&str> for ItemKind {
            fn from(text: &str) -> Self {
                match text {
                    $($text => Self::$variant,)*
                    _ => Self::Other(text.to_owned()),
                }
            }
        }

        impl From<String> for ItemKind {
            /// As from `&str`, without a copy of a kind that has no name here.
            fn from(text: String) -> Self {
                match text.as_str() {
                    $($text => Self::$variant,)*
                    _ => Self::Other(text),
                }
            }
        }
    };
}

item_kinds! {
    /// Rights on an object.
    Acl = "ACL",
    /// A large object's or a group of large objects' existence.
    Blob = "BLOB",
    /// From format 1.16: a group of large objects.
    BlobMetadata = "BLOB METADATA",
    /// The contents of large objects.
    Blobs = "BLOBS",
    /// A CHECK constraint that is made after the data.
    CheckConstraint = "CHECK CONSTRAINT",
    /// A comment.
    Comment = "COMMENT",
    /// A primary key, unique or exclusion constraint.
    Constraint = "CONSTRAINT",
    /// The database itself.
    Database = "DATABASE",
    /// Settings of the database.
    DatabaseProperties = "DATABASE PROPERTIES",
    /// Default rights.
    DefaultAcl = "DEFAULT ACL",
    /// The archive's client encoding.
    Encoding = "ENCODING",
    /// An event trigger.
    EventTrigger = "EVENT TRIGGER",
    /// A foreign key.
    ForeignKey = "FK CONSTRAINT",
    /// An index.
    Index = "INDEX",
    /// The attachment of an index to that of its partitioned table.
    IndexAttach = "INDEX ATTACH",
    /// The filling of a materialised view.
    MaterializedViewData = "MATERIALIZED VIEW DATA",
    /// A row security policy.
    Policy = "POLICY",
    /// A rewrite rule.
    Rule = "RULE",
    /// The search path of the session that made the archive.
    SearchPath = "SEARCHPATH",
    /// A security label.
    SecurityLabel = "SECURITY LABEL",
    /// A sequence's current value.
    SequenceSet = "SEQUENCE SET",
    /// Planner statistics (from PostgreSQL 18).
    StatisticsData = "STATISTICS DATA",
    /// How strings are quoted in the archive.
    StdStrings = "STDSTRINGS",
    /// A table.
    Table = "TABLE",
    /// The attachment of a partition.
    TableAttach = "TABLE ATTACH",
    /// The rows of a table.
    TableData = "TABLE DATA",
    /// A trigger.
    Trigger = "TRIGGER",
}
