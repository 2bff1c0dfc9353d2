//! The SQL that drops what `--clean` drops.
//!
//! `pg_backup_archiver.c`, PostgreSQL 15 to 18: `RestoreArchive`, where it
//! drops the items in reverse order.

use super::large_objects::command_per_object;
use crate::toc::{Item, ItemKind};

/// The statements that drop an item's object; none for an item that cannot be
/// dropped by itself.
pub(crate) fn drop_statements(item: &Item, if_exists: bool) -> Vec<String> {
    let Some(drop) = item.drop_statement.as_deref() else { return Vec::new() };
    if item.kind == ItemKind::BlobMetadata {
        let oids = item.definition.as_deref().unwrap_or_default();
        let (before, after) = if if_exists {
            (UNLINK_IF_EXISTS, "'")
        } else {
            ("SELECT pg_catalog.lo_unlink('", "')")
        };
        return command_per_object(oids, before, after);
    }
    if drop.is_empty() {
        return Vec::new();
    }
    if !if_exists || drop.starts_with("--") {
        return vec![drop.to_owned()];
    }
    if item.kind == ItemKind::Blob {
        return vec![format!("{UNLINK_IF_EXISTS}{}'", item.oid.0)];
    }
    vec![with_if_exists(item, drop)]
}

const UNLINK_IF_EXISTS: &str = "SELECT pg_catalog.lo_unlink(oid) \
                                FROM pg_catalog.pg_largeobject_metadata WHERE oid = '";

/// A DROP statement with `IF EXISTS` where its kind allows one. A statement
/// in which the place is not found stays as it is.
fn with_if_exists(item: &Item, drop: &str) -> String {
    let (alter, rest) = match drop.strip_prefix("ALTER TABLE") {
        // The clause comes behind ALTER TABLE too, but not twice.
        Some(rest) if !rest.starts_with(" IF EXISTS") => ("ALTER TABLE IF EXISTS", rest),
        _ => ("", drop),
    };
    let is_verbatim = matches!(item.kind.as_str(), "DEFAULT" | "DATABASE PROPERTIES")
        || rest.starts_with("CREATE OR REPLACE VIEW");
    let verb = match item.kind {
        ItemKind::Constraint | ItemKind::CheckConstraint | ItemKind::ForeignKey => {
            "DROP CONSTRAINT".to_owned()
        }
        _ => format!("DROP {}", item.kind.as_str()),
    };
    match rest.find(&verb) {
        Some(at) if !is_verbatim => {
            let (command, object) = rest.split_at(at + verb.len());
            format!("{alter}{command} IF EXISTS{object}")
        }
        _ => format!("{alter}{rest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::native::testing::item;
    use crate::toc::Section;

    fn drop(kind: &str, statement: &str, if_exists: bool) -> Vec<String> {
        let mut item = item(1, kind, Section::PreData, &[]);
        item.drop_statement = Some(statement.to_owned());
        drop_statements(&item, if_exists)
    }

    #[test]
    fn if_exists_goes_where_the_kind_allows_it() {
        assert_eq!(drop("TABLE", "DROP TABLE a;\n", false), ["DROP TABLE a;\n"]);
        assert_eq!(drop("TABLE", "DROP TABLE a;\n", true), ["DROP TABLE IF EXISTS a;\n"]);
        assert_eq!(
            drop("FK CONSTRAINT", "ALTER TABLE ONLY a DROP CONSTRAINT b;\n", true),
            ["ALTER TABLE IF EXISTS ONLY a DROP CONSTRAINT IF EXISTS b;\n"]
        );
        assert_eq!(
            drop("DEFAULT", "ALTER TABLE a ALTER COLUMN b DROP DEFAULT;\n", true),
            ["ALTER TABLE IF EXISTS a ALTER COLUMN b DROP DEFAULT;\n"]
        );
        assert_eq!(drop("SCHEMA", "-- nothing\n", true), ["-- nothing\n"]);
        let view = "CREATE OR REPLACE VIEW v AS SELECT 1;\n";
        assert_eq!(drop("RULE", view, true), [view]);
        assert_eq!(drop("TABLE", "", true), Vec::<String>::new());
    }
}
