//! The SQL that makes an item's object and gives it to its owner.
//!
//! `pg_backup_archiver.c`, PostgreSQL 15 to 18: `_printTocEntry` and
//! `_getObjectDescription`.

use super::large_objects::{acl_per_object, command_per_object};
use super::quote::{identifier, qualified};
use super::session::PARTITIONED;
use super::settings::SqlSettings;
use crate::toc::{Item, ItemKind, Toc};

/// Why an item has no SQL. `pg_restore` ends the whole restore over these.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SqlError {
    /// The kind of an item with an owner is not known to have one.
    #[error("no way is known to set the owner of a {kind}")]
    UnknownOwner {
        /// The kind, in the archive's words.
        kind: String,
    },
    /// The ACL of a group of large objects names no group.
    #[error("the ACL of a group of large objects does not name its group")]
    NoGroup,
}

/// The statements of an item, in their order. Each is sent by itself.
pub(crate) fn definition(
    toc: &Toc,
    item: &Item,
    settings: &SqlSettings,
) -> Result<Vec<String>, SqlError> {
    let mut sql = create(toc, item, settings)?;
    sql.extend(give_to_owner(item, settings)?);
    sql.extend(set_access_method(item, settings));
    Ok(sql)
}

fn create(toc: &Toc, item: &Item, settings: &SqlSettings) -> Result<Vec<String>, SqlError> {
    let text = item.definition.as_deref().unwrap_or_default();
    if settings.no_owner && item.kind.as_str() == "SCHEMA" && !is_comment(text) {
        // Archives of old versions name the owner in CREATE SCHEMA.
        return Ok(vec![format!("CREATE SCHEMA {}", identifier(item.name()))]);
    }
    if item.kind == ItemKind::BlobMetadata {
        return Ok(command_per_object(text, "SELECT pg_catalog.lo_create('", "')"));
    }
    if item.kind == ItemKind::Acl && item.name().starts_with("LARGE OBJECTS") {
        let group = item.dependencies.first().and_then(|&id| toc.get(id));
        let group = group.filter(|group| group.kind == ItemKind::BlobMetadata);
        let oids = group.and_then(|group| group.definition.as_deref());
        return Ok(acl_per_object(text, oids.ok_or(SqlError::NoGroup)?));
    }
    Ok(if text.is_empty() { Vec::new() } else { vec![text.to_owned()] })
}

fn is_comment(definition: &str) -> bool {
    definition.starts_with("--")
}

/// `ALTER ... OWNER TO`, for items that have an owner of their own: what
/// cannot be dropped by itself has none.
fn give_to_owner(item: &Item, settings: &SqlSettings) -> Result<Vec<String>, SqlError> {
    let text = item.definition.as_deref().unwrap_or_default();
    // The schema `public` that is not created but commented on belongs to
    // whoever made the database.
    let by_session =
        settings.set_session_authorization && !(item.kind.as_str() == "SCHEMA" && is_comment(text));
    let owner = item.owner.as_deref().filter(|owner| !owner.is_empty());
    let (Some(owner), Some(drop)) = (owner, item.drop_statement.as_deref()) else {
        return Ok(Vec::new());
    };
    if settings.no_owner || by_session || drop.is_empty() {
        return Ok(Vec::new());
    }
    let owner = identifier(owner);
    if item.kind == ItemKind::BlobMetadata {
        return Ok(command_per_object(text, "ALTER LARGE OBJECT ", &format!(" OWNER TO {owner}")));
    }
    let object = owned_object(item, drop)?;
    Ok(object.map(|object| format!("ALTER {object} OWNER TO {owner}")).into_iter().collect())
}

/// What stands between `ALTER` and `OWNER TO`; `None` for what has no owner
/// of its own.
fn owned_object(item: &Item, drop: &str) -> Result<Option<String>, SqlError> {
    match item.kind.as_str() {
        kind @ ("COLLATION"
        | "CONVERSION"
        | "DOMAIN"
        | "FOREIGN TABLE"
        | "MATERIALIZED VIEW"
        | "SEQUENCE"
        | "STATISTICS"
        | "TABLE"
        | "TEXT SEARCH DICTIONARY"
        | "TEXT SEARCH CONFIGURATION"
        | "TYPE"
        | "VIEW"
        | "DATABASE"
        | "PROCEDURAL LANGUAGE"
        | "SCHEMA"
        | "EVENT TRIGGER"
        | "FOREIGN DATA WRAPPER"
        | "SERVER"
        | "PUBLICATION"
        | "SUBSCRIPTION") => {
            Ok(Some(format!("{kind} {}", qualified(item.namespace.as_deref(), item.name()))))
        }
        // Its name is a number.
        "BLOB" => Ok(Some(format!("LARGE OBJECT {}", item.name()))),
        // These need their argument types, which the DROP statement has.
        "AGGREGATE" | "FUNCTION" | "OPERATOR" | "OPERATOR CLASS" | "OPERATOR FAMILY"
        | "PROCEDURE" => {
            let object = drop.strip_prefix("DROP ").unwrap_or(drop);
            Ok(Some(object.trim_end_matches([';', '\n']).to_owned()))
        }
        "CAST"
        | "CHECK CONSTRAINT"
        | "CONSTRAINT"
        | "DATABASE PROPERTIES"
        | "DEFAULT"
        | "FK CONSTRAINT"
        | "INDEX"
        | "RULE"
        | "TRIGGER"
        | "ROW SECURITY"
        | "POLICY"
        | "USER MAPPING" => Ok(None),
        kind => Err(SqlError::UnknownOwner { kind: kind.to_owned() }),
    }
}

/// A partitioned table has no storage, so that the session's default does not
/// apply to it (`_printTableAccessMethodNoStorage`, PostgreSQL 17).
fn set_access_method(item: &Item, settings: &SqlSettings) -> Option<String> {
    let method = item.table_access_method.as_deref()?;
    if settings.no_table_access_method || item.relation_kind != Some(PARTITIONED) {
        return None;
    }
    let table = qualified(item.namespace.as_deref(), item.name());
    Some(format!("ALTER TABLE {table} SET ACCESS METHOD {}", identifier(method)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::native::testing::item;
    use crate::toc::Section;

    fn sql(item: &Item, settings: &SqlSettings) -> Vec<String> {
        let toc = Toc { items: vec![item.clone()] };
        definition(&toc, item, settings).unwrap()
    }

    #[test]
    fn what_can_be_dropped_is_given_to_its_owner() {
        let table = item(1, "TABLE", Section::PreData, &[]);
        let plain = SqlSettings::default();
        assert_eq!(
            sql(&table, &plain),
            ["CREATE TABLE t1;\n", "ALTER TABLE \"public\".\"t1\" OWNER TO \"owner\""]
        );
        let without = SqlSettings { no_owner: true, ..SqlSettings::default() };
        assert_eq!(sql(&table, &without), ["CREATE TABLE t1;\n"]);
        let by_session = SqlSettings { set_session_authorization: true, ..SqlSettings::default() };
        assert_eq!(sql(&table, &by_session), ["CREATE TABLE t1;\n"]);
        let index = item(1, "INDEX", Section::PostData, &[]);
        assert_eq!(sql(&index, &plain), ["CREATE INDEX t1;\n"]);
        let mut function = item(1, "FUNCTION", Section::PreData, &[]);
        function.drop_statement = Some("DROP FUNCTION public.f(a integer);\n".to_owned());
        assert_eq!(
            sql(&function, &plain)[1],
            "ALTER FUNCTION public.f(a integer) OWNER TO \"owner\""
        );
    }

    #[test]
    fn a_schema_without_owner_is_made_without_its_authorization() {
        let without = SqlSettings { no_owner: true, ..SqlSettings::default() };
        let mut schema = item(1, "SCHEMA", Section::PreData, &[]);
        assert_eq!(sql(&schema, &without), ["CREATE SCHEMA \"t1\""]);
        schema.definition = Some("-- *not* creating schema, since initdb creates it\n".to_owned());
        assert_eq!(sql(&schema, &without).len(), 1);
        let by_session = SqlSettings { set_session_authorization: true, ..SqlSettings::default() };
        assert_eq!(
            sql(&schema, &by_session)[1],
            "ALTER SCHEMA \"public\".\"t1\" OWNER TO \"owner\""
        );
    }

    #[test]
    fn an_owner_of_what_is_not_known_is_an_error() {
        let odd = item(1, "NOVELTY", Section::PreData, &[]);
        let toc = Toc { items: vec![odd.clone()] };
        let error = definition(&toc, &odd, &SqlSettings::default()).unwrap_err();
        assert_eq!(error, SqlError::UnknownOwner { kind: "NOVELTY".to_owned() });
    }

    #[test]
    fn groups_of_large_objects_are_made_one_by_one() {
        let mut group = item(1, "BLOB METADATA", Section::PreData, &[]);
        group.definition = Some("7\n8\n".to_owned());
        assert_eq!(
            sql(&group, &SqlSettings::default()),
            [
                "SELECT pg_catalog.lo_create('7')",
                "SELECT pg_catalog.lo_create('8')",
                "ALTER LARGE OBJECT 7 OWNER TO \"owner\"",
                "ALTER LARGE OBJECT 8 OWNER TO \"owner\"",
            ]
        );
        let mut acl = item(2, "ACL", Section::None, &[1]);
        acl.tag = Some("LARGE OBJECTS 7..8".to_owned());
        acl.drop_statement = None;
        acl.definition = Some("GRANT SELECT ON LARGE OBJECT 7 TO PUBLIC;\n".to_owned());
        let toc = Toc { items: vec![group, acl.clone()] };
        assert_eq!(
            definition(&toc, &acl, &SqlSettings::default()).unwrap(),
            [
                "GRANT SELECT ON LARGE OBJECT 7 TO PUBLIC",
                "GRANT SELECT ON LARGE OBJECT 8 TO PUBLIC"
            ]
        );
    }
}
