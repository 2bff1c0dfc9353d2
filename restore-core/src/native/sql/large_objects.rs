//! Items that stand for a group of large objects.
//!
//! From format 1.16 a `BLOB METADATA` item lists the OIDs of a group in its
//! definition, one a line, and the ACL of the group has one copy of its
//! commands, written for the group's first object. `pg_backup_db.c` of
//! PostgreSQL 17 and 18: `IssueCommandPerBlob`, `IssueACLPerBlob`.

/// The OIDs that a `BLOB METADATA` item lists.
pub(crate) fn oids(definition: &str) -> impl Iterator<Item = &str> {
    // The last line ends with a line feed too: what follows it is no OID.
    let complete = definition.rfind('\n').map_or("", |end| &definition[..end]);
    complete.split('\n').filter(|oid| !oid.is_empty())
}

/// A command for each object of a group.
pub(super) fn command_per_object(definition: &str, before: &str, after: &str) -> Vec<String> {
    oids(definition).map(|oid| format!("{before}{oid}{after}")).collect()
}

/// The commands of a group's ACL, each for every object of the group.
pub(super) fn acl_per_object(acl: &str, group: &str) -> Vec<String> {
    let mut sql = Vec::new();
    for command in commands(acl) {
        // The object's OID stands between "LARGE OBJECT " and a blank.
        const OBJECT: &str = "LARGE OBJECT ";
        let Some(start) = command.find(OBJECT).map(|at| at + OBJECT.len()) else {
            sql.push(command.to_owned());
            continue;
        };
        let digits = command[start..].bytes().take_while(u8::is_ascii_digit).count();
        let (before, after) = (&command[..start], &command[start + digits..]);
        sql.extend(command_per_object(group, before, after));
    }
    sql
}

/// The commands of a text, without their semicolons. Those in the double
/// quotes of a role's name do not count.
fn commands(text: &str) -> impl Iterator<Item = &str> {
    let mut in_quotes = false;
    let ends = text.split(move |c: char| {
        in_quotes ^= c == '"';
        c == ';' && !in_quotes
    });
    ends.map(str::trim).filter(|command| !command.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_lists_its_objects_a_line() {
        assert_eq!(oids("16384\n16385\n").collect::<Vec<_>>(), ["16384", "16385"]);
        assert_eq!(oids("16384\n1638").collect::<Vec<_>>(), ["16384"], "cut off");
        assert_eq!(oids("").count(), 0);
    }

    #[test]
    fn an_acl_is_repeated_for_every_object() {
        let acl =
            "GRANT SELECT ON LARGE OBJECT 7 TO \"a;b\";\nREVOKE ALL ON LARGE OBJECT 7 FROM c;\n";
        assert_eq!(
            acl_per_object(acl, "7\n8\n"),
            [
                "GRANT SELECT ON LARGE OBJECT 7 TO \"a;b\"",
                "GRANT SELECT ON LARGE OBJECT 8 TO \"a;b\"",
                "REVOKE ALL ON LARGE OBJECT 7 FROM c",
                "REVOKE ALL ON LARGE OBJECT 8 FROM c",
            ]
        );
    }
}
