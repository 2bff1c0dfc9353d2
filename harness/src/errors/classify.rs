//! From the message of an error to its kind.
//!
//! Neither `pg_restore` nor `psql` gives the SQLSTATE, so the message is what there is to go
//! by: those of PostgreSQL 12 to 18 in the C locale. A translated message is of kind `Other`,
//! and never harmless.

use std::sync::LazyLock;

use regex::RegexSet;
use restore_core::engine::RestoreError;

use super::ErrorKind;

/// Messages by kind; the first that matches decides.
const RULES: [(&str, ErrorKind); 50] = [
    (r#"^schema "public" already exists$"#, ErrorKind::InEveryDatabase),
    (r#"^(extension|language) "plpgsql" already exists$"#, ErrorKind::InEveryDatabase),
    (
        r#"^function "plpgsql_(call_handler|validator|inline_handler)" already exists"#,
        ErrorKind::InEveryDatabase,
    ),
    (
        r"^function pg_catalog\.pg_restore_(relation|attribute)_stats\(.* does not exist",
        ErrorKind::NewerStatistics,
    ),
    (r"^invalid command \\(un)?restrict$", ErrorKind::UnknownSetting),
    (r#"^role "[^"]+" does not exist$"#, ErrorKind::MissingRole),
    (
        r#"^extension "[^"]+" (is not available|does not exist|has no installation script)"#,
        ErrorKind::MissingExtension,
    ),
    ("could not open extension control file", ErrorKind::MissingExtension),
    (r#"^could not (access file|load library) ""#, ErrorKind::MissingExtension),
    (r#"^foreign-data wrapper "[^"]+" does not exist$"#, ErrorKind::MissingExtension),
    (r#"^tablespace "[^"]+" does not exist$"#, ErrorKind::MissingTablespace),
    (r#"^invalid value for parameter "default_tablespace""#, ErrorKind::MissingTablespace),
    (r#"^access method "[^"]+" does not exist$"#, ErrorKind::MissingAccessMethod),
    (
        r#"^invalid value for parameter "default_table_access_method""#,
        ErrorKind::MissingAccessMethod,
    ),
    (r#"^language "[^"]+" does not exist$"#, ErrorKind::MissingLanguage),
    (r#"^collation "?[^"]+"? .*does not exist$"#, ErrorKind::MissingCollation),
    (r"^could not (create|open) (locale|collator)", ErrorKind::MissingCollation),
    (r"^ICU (is not supported|locale) ", ErrorKind::MissingCollation),
    (r"^(invalid locale|unrecognized collation provider)", ErrorKind::MissingCollation),
    (r"^must be superuser", ErrorKind::NeedsSuperuser),
    (r"^(only superusers|only roles with the) ", ErrorKind::NeedsSuperuser),
    (
        r"^permission denied to (create (extension|event trigger|access method|foreign|subscription|tablespace|cast)|set parameter)",
        ErrorKind::NeedsSuperuser,
    ),
    (r"^must be (able to SET ROLE|member of role)", ErrorKind::NeedsSuperuser),
    (r"^must (be|have) owner(ship)? of ", ErrorKind::NotOwner),
    (r"^permission denied ", ErrorKind::PermissionDenied),
    (r" already exists( .*)?$", ErrorKind::AlreadyExists),
    (r"^multiple primary keys for table ", ErrorKind::AlreadyExists),
    (r" violates foreign key constraint ", ErrorKind::ForeignKey),
    (r"^there is no unique constraint matching given keys", ErrorKind::MissingObject),
    (r"(violates|violated by some row).* check constraint ", ErrorKind::CheckConstraint),
    (r"^check constraint .* is violated by some row", ErrorKind::CheckConstraint),
    (r"^(could not create unique index|duplicate key value) ", ErrorKind::NotUnique),
    (r"^invalid byte sequence for encoding", ErrorKind::Encoding),
    (r"^character with byte sequence .* has no equivalent", ErrorKind::Encoding),
    (r"encoding .*(does not match|is not supported|conversion)", ErrorKind::Encoding),
    (r"^(invalid input syntax|value too long|missing data for column)", ErrorKind::InvalidData),
    (r"^extra data after last expected column|out of range", ErrorKind::InvalidData),
    (r"violates not-null constraint", ErrorKind::InvalidData),
    (
        r"^(syntax error|unrecognized (parameter|configuration parameter))",
        ErrorKind::UnknownStatement,
    ),
    (r"^deadlock detected", ErrorKind::Deadlock),
    (r"^canceling statement due to ", ErrorKind::Timeout),
    (r"due to (transaction|idle-in-transaction|idle-session) timeout", ErrorKind::Timeout),
    (r"No space left on device|^could not (extend|write to) file ", ErrorKind::DiskFull),
    (r"^out of shared memory", ErrorKind::LockTableFull),
    (r"^(out of memory|could not resize shared memory|memory exhausted)", ErrorKind::OutOfMemory),
    (
        r"too many clients already|remaining connection slots|^too many connections for",
        ErrorKind::TooManyConnections,
    ),
    (
        r"server closed the connection|no connection to the server|connection to server .* failed|terminating connection|the database system is |a worker process died|SSL connection has been closed",
        ErrorKind::ServerGone,
    ),
    (r"^unsupported version \(", ErrorKind::ArchiveTooNew),
    (
        r"could not (read from|open) input file|could not (uncompress|decompress)|unexpected end of file|did not find magic string|input file (appears|does not)|could not find block ID|corrupt|CRC",
        ErrorKind::ArchiveDamaged,
    ),
    (r"does not exist", ErrorKind::MissingObject),
];

static MESSAGES: LazyLock<Option<RegexSet>> =
    LazyLock::new(|| RegexSet::new(RULES.map(|(pattern, _)| pattern)).ok());

/// Settings that `pg_restore` and the scripts of `pg_dump` make at the start of a connection
/// and that not every server knows (`_doSetFixedOutputState` in `pg_backup_archiver.c`,
/// versions 8.0 to 18).
const SETTINGS: [&str; 13] = [
    "statement_timeout",
    "lock_timeout",
    "idle_in_transaction_session_timeout",
    "transaction_timeout",
    "standard_conforming_strings",
    "check_function_bodies",
    "xmloption",
    "escape_string_warning",
    "row_security",
    "default_table_access_method",
    "default_with_oids",
    "default_toast_compression",
    "restrict_nonsystem_relation_kind",
];

/// The kind of an error.
pub fn classify(error: &RestoreError) -> ErrorKind {
    if is_unknown_setting(error) {
        return ErrorKind::UnknownSetting;
    }
    if is_owned_by_another(error) {
        return ErrorKind::OwnedByAnother;
    }
    of_message(&error.message)
}

/// The kind of an error of which only the message is known.
pub fn of_message(message: &str) -> ErrorKind {
    let matched = MESSAGES.as_ref().and_then(|set| set.matches(message).iter().next());
    matched.map_or(ErrorKind::Other, |index| RULES[index].1)
}

/// Whether the client set a parameter of its own that the server lacks. A function or a
/// database that has the parameter among its properties is another matter.
fn is_unknown_setting(error: &RestoreError) -> bool {
    let name = error.message.strip_prefix("unrecognized configuration parameter \"");
    let Some(name) = name.and_then(|rest| rest.strip_suffix('"')) else { return false };
    match &error.statement {
        Some(_) => error.is_of_session(),
        None => SETTINGS.contains(&name),
    }
}

/// Whether a comment or an owner was refused for an extension, or for what every new database
/// has. `psql` does not say which statement it was; dumps have no others on these.
fn is_owned_by_another(error: &RestoreError) -> bool {
    let Some(what) = error.message.strip_prefix("must be owner of ") else { return false };
    let of_new_database = ["schema public", "language plpgsql", "extension plpgsql"];
    let is_comment =
        error.statement.as_deref().is_none_or(|statement| statement.starts_with("COMMENT ON "));
    of_new_database.contains(&what) || (what.starts_with("extension ") && is_comment)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str, statement: Option<&str>) -> RestoreError {
        let statement = statement.map(str::to_owned);
        RestoreError { statement, ..RestoreError::read(text) }
    }

    #[test]
    fn the_patterns_are_regular_expressions() {
        assert!(MESSAGES.is_some());
    }

    #[test]
    fn what_sets_up_a_session_or_is_in_every_database_is_harmless() {
        let harmless = [
            ("ERROR:  schema \"public\" already exists", Some("CREATE SCHEMA public;")),
            ("ERROR:  language \"plpgsql\" already exists", Some("CREATE PROCEDURAL LANGUAGE")),
            (
                "ERROR:  must be owner of extension postgis",
                Some("COMMENT ON EXTENSION postgis IS 'x'"),
            ),
            ("ERROR:  must be owner of schema public", Some("ALTER SCHEMA public OWNER TO x")),
            (
                "ERROR:  unrecognized configuration parameter \"transaction_timeout\"",
                Some("SET transaction_timeout = 0;"),
            ),
            ("ERROR:  unrecognized configuration parameter \"transaction_timeout\"", None),
            ("invalid command \\restrict", None),
        ];
        for (text, statement) in harmless {
            assert!(classify(&error(text, statement)).is_harmless(), "{text}");
        }
    }

    #[test]
    fn what_only_resembles_them_is_not() {
        let serious = [
            ("ERROR:  schema \"app\" already exists", None, ErrorKind::AlreadyExists),
            (
                "ERROR:  unrecognized configuration parameter \"app.tenant\"",
                Some("CREATE FUNCTION f() RETURNS int SET app.tenant TO 'x'"),
                ErrorKind::UnknownStatement,
            ),
            (
                "ERROR:  unrecognized configuration parameter \"app.tenant\"",
                None,
                ErrorKind::UnknownStatement,
            ),
            ("ERROR:  must be owner of table t", Some("COMMENT ON TABLE t"), ErrorKind::NotOwner),
            (
                "ERROR:  must be owner of extension postgis",
                Some("ALTER EXTENSION postgis UPDATE"),
                ErrorKind::NotOwner,
            ),
            (
                "could not set default_tablespace to fast: ERROR:  invalid value for parameter \
                 \"default_tablespace\": \"fast\"",
                None,
                ErrorKind::MissingTablespace,
            ),
        ];
        for (text, statement, kind) in serious {
            assert_eq!(classify(&error(text, statement)), kind, "{text}");
        }
    }

    #[test]
    fn messages_have_kinds() {
        let kinds = [
            ("role \"alice\" does not exist", ErrorKind::MissingRole),
            ("extension \"postgis\" is not available", ErrorKind::MissingExtension),
            (
                "could not open extension control file \"/usr/share/x.control\": No such file",
                ErrorKind::MissingExtension,
            ),
            (
                "collation \"de-x-icu\" for encoding \"UTF8\" does not exist",
                ErrorKind::MissingCollation,
            ),
            ("permission denied to create extension \"x\"", ErrorKind::NeedsSuperuser),
            ("permission denied for schema public", ErrorKind::PermissionDenied),
            ("relation \"t\" already exists", ErrorKind::AlreadyExists),
            ("type \"public.geometry\" does not exist", ErrorKind::MissingObject),
            (
                "new row for relation \"t\" violates check constraint \"c\"",
                ErrorKind::CheckConstraint,
            ),
            (
                "insert or update on table \"t\" violates foreign key constraint \"f\"",
                ErrorKind::ForeignKey,
            ),
            ("could not create unique index \"i\"", ErrorKind::NotUnique),
            ("could not extend file \"base/1/2\": No space left on device", ErrorKind::DiskFull),
            ("out of shared memory", ErrorKind::LockTableFull),
            ("sorry, too many clients already", ErrorKind::TooManyConnections),
            ("server closed the connection unexpectedly", ErrorKind::ServerGone),
            ("unsupported version (1.16) in file header", ErrorKind::ArchiveTooNew),
            ("Rolle »x« existiert nicht", ErrorKind::Other),
        ];
        for (message, kind) in kinds {
            assert_eq!(of_message(message), kind, "{message}");
        }
    }
}
