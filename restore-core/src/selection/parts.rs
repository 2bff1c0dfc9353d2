//! What a restore does for an item, options aside.

/// What is restored of an item: any of the three, or nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Parts {
    /// SQL that makes the object (`REQ_SCHEMA`).
    pub schema: bool,
    /// Rows, large objects, sequence values (`REQ_DATA`).
    pub data: bool,
    /// Planner statistics (`REQ_STATS`, PostgreSQL 18).
    pub statistics: bool,
}

impl Parts {
    /// Nothing.
    pub const NONE: Self = Self { schema: false, data: false, statistics: false };

    /// Whether nothing is restored.
    pub fn is_empty(self) -> bool {
        self == Self::NONE
    }

    /// What both have.
    #[must_use]
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            schema: self.schema && other.schema,
            data: self.data && other.data,
            statistics: self.statistics && other.statistics,
        }
    }
}

/// What an entry has for a restore, by its kind and name in the archive's
/// bytes and the beginning of its SQL.
pub(super) fn contents(kind: &[u8], tag: &[u8], definition: &[u8], has_dumper: bool) -> Parts {
    let has_definition =
        !definition.is_empty() && !definition.starts_with(b"-- load via partition root ");
    if has_dumper {
        return Parts { schema: has_definition, data: true, statistics: false };
    }
    // Sequence values and what describes large objects count as data.
    let is_data = match kind {
        b"SEQUENCE SET" | b"BLOB" | b"BLOB METADATA" => true,
        b"ACL" | b"COMMENT" | b"SECURITY LABEL" => tag.starts_with(b"LARGE OBJECT"),
        _ => false,
    };
    Parts { schema: has_definition && !is_data, data: is_data, statistics: false }
}

/// Whether an entry only sets up the session, makes the database, describes
/// it, or is obsolete: a restore into an existing database passes it by,
/// whatever the options say.
pub(super) fn is_never_restored(kind: &[u8], tag: &[u8]) -> bool {
    match kind {
        b"ENCODING" | b"STDSTRINGS" | b"SEARCHPATH" | b"DATABASE" | b"DATABASE PROPERTIES" => true,
        b"ACL" | b"COMMENT" | b"SECURITY LABEL" => tag.starts_with(b"DATABASE "),
        b"<Init>" => tag == b"Max OID",
        _ => false,
    }
}

/// Whether a restore without options does anything for an entry.
pub(crate) fn is_restored(kind: &[u8], tag: &[u8], definition: &[u8], has_dumper: bool) -> bool {
    let has_parts = || !contents(kind, tag, definition, has_dumper).is_empty();
    !is_never_restored(kind, tag) && (kind == b"STATISTICS DATA" || has_parts())
}

/// Whether a restore without options does anything for an item of which only
/// this was kept: its kind, its name, and whether the archive has SQL or data
/// for it.
pub fn is_restored_by_default(kind: &str, tag: &str, has_content: bool) -> bool {
    is_restored(kind.as_bytes(), tag.as_bytes(), b"", has_content)
}
