//! The kinds of errors, each with what to do about it.

/// A kind of error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ErrorKind {
    /// `schema "public" already exists`.
    InEveryDatabase,
    /// `must be owner of extension plpgsql`.
    OwnedByAnother,
    /// `function pg_catalog.pg_restore_relation_stats(...) does not exist`.
    NewerStatistics,
    /// `unrecognized configuration parameter "transaction_timeout"`.
    UnknownSetting,
    /// `role "x" does not exist`.
    MissingRole,
    /// `extension "x" is not available`.
    MissingExtension,
    /// `invalid value for parameter "default_tablespace": "x"`.
    MissingTablespace,
    /// `access method "x" does not exist`.
    MissingAccessMethod,
    /// `language "x" does not exist`.
    MissingLanguage,
    /// `collation "x" for encoding "UTF8" does not exist`.
    MissingCollation,
    /// `must be superuser to create ...`.
    NeedsSuperuser,
    /// `must be owner of table x`.
    NotOwner,
    /// `permission denied for schema x`.
    PermissionDenied,
    /// `relation "x" already exists`.
    AlreadyExists,
    /// `type "x" does not exist`.
    MissingObject,
    /// `insert or update on table "x" violates foreign key constraint "y"`.
    ForeignKey,
    /// `new row for relation "x" violates check constraint "y"`.
    CheckConstraint,
    /// `could not create unique index "x"`.
    NotUnique,
    /// `invalid input syntax for type integer: "x"`.
    InvalidData,
    /// `invalid byte sequence for encoding "UTF8": 0xe4`.
    Encoding,
    /// `syntax error at or near "x"`.
    UnknownStatement,
    /// `deadlock detected`.
    Deadlock,
    /// `canceling statement due to lock timeout`.
    Timeout,
    /// `No space left on device`.
    DiskFull,
    /// `out of shared memory`.
    LockTableFull,
    /// `out of memory`.
    OutOfMemory,
    /// `sorry, too many clients already`.
    TooManyConnections,
    /// `server closed the connection unexpectedly`.
    ServerGone,
    /// `unsupported version (1.16) in file header`.
    ArchiveTooNew,
    /// `could not read from input file: end of file`.
    ArchiveDamaged,
    /// Any other.
    Other,
}

/// What is said of a kind.
struct Entry {
    kind: ErrorKind,
    key: &'static str,
    title: &'static str,
    advice: &'static str,
}

const fn entry(
    kind: ErrorKind,
    key: &'static str,
    title: &'static str,
    advice: &'static str,
) -> Entry {
    Entry { kind, key, title, advice }
}

/// The table of all kinds. docs/errors.md has it too, which a test checks.
const ENTRIES: [Entry; 31] = [
    entry(
        ErrorKind::InEveryDatabase,
        "in_every_database",
        "every new database has it",
        "Harmless: a new database has this schema or language already.",
    ),
    entry(
        ErrorKind::OwnedByAnother,
        "owned_by_another",
        "comment or owner of what another role owns",
        "Harmless: the comment or owner of an extension, or of what a new database has, stays as it is.",
    ),
    entry(
        ErrorKind::NewerStatistics,
        "newer_statistics",
        "statistics of a newer version",
        "Harmless: the server cannot take the statistics that pg_dump 18 writes; ANALYZE makes new ones.",
    ),
    entry(
        ErrorKind::UnknownSetting,
        "unknown_setting",
        "the server does not know a setting of the client",
        "Harmless: the client programs are of another version than the server and set a parameter that it does not have.",
    ),
    entry(
        ErrorKind::MissingRole,
        "missing_role",
        "a role does not exist",
        "Create the role on the server (CREATE ROLE name NOLOGIN), or leave out what names it: owners with -O, grants with -x.",
    ),
    entry(
        ErrorKind::MissingExtension,
        "missing_extension",
        "an extension is missing",
        "Install the extension's package on the server; SELECT * FROM pg_available_extensions lists what can be created there.",
    ),
    entry(
        ErrorKind::MissingTablespace,
        "missing_tablespace",
        "a tablespace does not exist",
        "Create the tablespace on the server, or restore with --no-tablespaces.",
    ),
    entry(
        ErrorKind::MissingAccessMethod,
        "missing_access_method",
        "an access method does not exist",
        "Create the extension that brings the access method, or restore with --no-table-access-method.",
    ),
    entry(
        ErrorKind::MissingLanguage,
        "missing_language",
        "a language does not exist",
        "Install the language's package on the server (on Debian postgresql-plpython3-17 for PL/Python).",
    ),
    entry(
        ErrorKind::MissingCollation,
        "missing_collation",
        "a collation or locale is missing",
        "Generate the locale on the server's host, or use a server with the same collation provider (libc or ICU).",
    ),
    entry(
        ErrorKind::NeedsSuperuser,
        "needs_superuser",
        "a superuser is needed",
        "Restore as a superuser, or leave the items out.",
    ),
    entry(
        ErrorKind::NotOwner,
        "not_owner",
        "another role owns the object",
        "Restore as the owner or as a superuser; --no-comments leaves out comments.",
    ),
    entry(
        ErrorKind::PermissionDenied,
        "permission_denied",
        "permission denied",
        "Grant the right to the role that restores, or restore as a superuser; -x leaves out grants.",
    ),
    entry(
        ErrorKind::AlreadyExists,
        "already_exists",
        "an object exists already",
        "The new database is not empty: look into template1 and into what runs before the restore. --clean --if-exists drops what exists.",
    ),
    entry(
        ErrorKind::MissingObject,
        "missing_object",
        "something that an item needs does not exist",
        "It failed before, was left out, or is named without its schema in a function (pg_restore empties search_path): look at the first error.",
    ),
    entry(
        ErrorKind::ForeignKey,
        "foreign_key",
        "rows that a foreign key needs are missing",
        "The rows of the other table were not restored (look at its errors), or the source had rows that break the key.",
    ),
    entry(
        ErrorKind::CheckConstraint,
        "check_constraint",
        "a check constraint refuses rows",
        "A CHECK that calls a function which reads another table depends on the order of the restore: make it a trigger, or add it after the data.",
    ),
    entry(
        ErrorKind::NotUnique,
        "not_unique",
        "rows are not unique",
        "The rows were there already, or the source's index is damaged (REINDEX tells) or sorted by another collation.",
    ),
    entry(
        ErrorKind::InvalidData,
        "invalid_data",
        "rows do not fit the table",
        "The table is not the one that was dumped: it existed before, or was changed.",
    ),
    entry(
        ErrorKind::Encoding,
        "encoding",
        "text does not fit the encoding",
        "Restore into a database with the encoding of the source.",
    ),
    entry(
        ErrorKind::UnknownStatement,
        "unknown_statement",
        "the server does not know a statement",
        "The archive is of a newer major version, or of a fork: restore it into a server of that version.",
    ),
    entry(
        ErrorKind::Deadlock,
        "deadlock",
        "deadlock",
        "Two connections waited for each other: stop other work on the server, or use fewer jobs.",
    ),
    entry(
        ErrorKind::Timeout,
        "timeout",
        "a statement was cancelled",
        "Raise statement_timeout, lock_timeout or transaction_timeout for the role that restores.",
    ),
    entry(
        ErrorKind::DiskFull,
        "disk_full",
        "the disk is full",
        "Free some space on the server's disk, or choose another with --data-dir.",
    ),
    entry(
        ErrorKind::LockTableFull,
        "lock_table_full",
        "the lock table is full",
        "Raise max_locks_per_transaction on the server.",
    ),
    entry(
        ErrorKind::OutOfMemory,
        "out_of_memory",
        "out of memory",
        "Lower maintenance_work_mem or the number of jobs, or give the server more memory.",
    ),
    entry(
        ErrorKind::TooManyConnections,
        "too_many_connections",
        "too many connections",
        "Raise max_connections, or the limit of the role or database, or use fewer jobs.",
    ),
    entry(
        ErrorKind::ServerGone,
        "server_gone",
        "the server could not be reached",
        "The server stopped or closed the connection: its log says why.",
    ),
    entry(
        ErrorKind::ArchiveTooNew,
        "archive_too_new",
        "the archive is too new for the programs",
        "Use the client programs of the version that made the archive, or a newer one (--bindir, --image).",
    ),
    entry(
        ErrorKind::ArchiveDamaged,
        "archive_damaged",
        "the archive cannot be read",
        "Copy or dump the archive again: it is damaged or cut off.",
    ),
    entry(ErrorKind::Other, "other", "other errors", "Look the message up in PostgreSQL's manual."),
];

impl ErrorKind {
    /// Its name in records.
    pub fn key(self) -> &'static str {
        self.entry().key
    }

    /// The kind with this name; [`ErrorKind::Other`] for one that is not known, as a newer
    /// program may have written.
    pub fn from_key(key: &str) -> Self {
        ENTRIES.iter().find(|entry| entry.key == key).map_or(Self::Other, |entry| entry.kind)
    }

    /// What is wrong, in a few words.
    pub fn title(self) -> &'static str {
        self.entry().title
    }

    /// What to do about it.
    pub fn advice(self) -> &'static str {
        self.entry().advice
    }

    /// Whether it cannot change what is measured: statements that set up the session or
    /// make again what every new database has.
    pub fn is_harmless(self) -> bool {
        matches!(
            self,
            Self::InEveryDatabase
                | Self::OwnedByAnother
                | Self::NewerStatistics
                | Self::UnknownSetting
        )
    }

    /// Whether it comes from the machine or the server and not from the archive.
    pub fn is_of_environment(self) -> bool {
        matches!(
            self,
            Self::DiskFull
                | Self::LockTableFull
                | Self::OutOfMemory
                | Self::TooManyConnections
                | Self::ServerGone
                | Self::Timeout
        )
    }

    fn entry(self) -> &'static Entry {
        ENTRIES.iter().find(|entry| entry.kind == self).unwrap_or(&ENTRIES[ENTRIES.len() - 1])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn docs_have_the_same_table() {
        let docs = include_str!("../../../docs/errors.md");
        for entry in &ENTRIES {
            let line = format!("| `{}` | {} | {} |", entry.key, entry.title, entry.advice);
            assert!(docs.contains(&line), "docs/errors.md lacks\n{line}");
            assert_eq!(ErrorKind::from_key(entry.key), entry.kind);
        }
        assert_eq!(ErrorKind::from_key("of a newer program"), ErrorKind::Other);
    }
}
