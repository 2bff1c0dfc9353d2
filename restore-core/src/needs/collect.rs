//! Goes through the items and gathers what they need.

use std::collections::{BTreeMap, HashSet};

use super::definitions as read;
use super::superuser;
use super::{Avoid, Feature, Need, Purpose, Requirement, Usage, roles};
use crate::toc::{Item, ItemKind};
use crate::units::DumpId;

/// What the items that are restored need of a server, in the order of listings.
///
/// What some of them make for others, or an extension among them brings by the
/// archive's own dependencies, is no need; nor is what an option among `omitted`
/// leaves out, which need not be taken from the items.
pub fn needs(items: &[&Item], omitted: &[Avoid]) -> Vec<Need> {
    let mut found = Found { made: Made::new(items), omitted, needs: BTreeMap::new() };
    for item in items {
        found.add_item(item);
    }
    found.finish()
}

/// What the items make themselves.
struct Made<'a> {
    extensions: HashSet<DumpId>,
    names: HashSet<(&'a str, &'a str)>,
}

impl<'a> Made<'a> {
    fn new(items: &[&'a Item]) -> Self {
        const NAMED: [&str; 4] =
            ["ACCESS METHOD", "FOREIGN DATA WRAPPER", "PROCEDURAL LANGUAGE", "EXTENSION"];

        let makers = items.iter().filter(|item| NAMED.contains(&item.kind.as_str()));
        let names = makers.map(|item| (item.kind.as_str(), item.name())).collect();
        let extensions = items.iter().filter(|item| item.kind.as_str() == "EXTENSION");
        Self { extensions: extensions.map(|item| item.id).collect(), names }
    }

    fn makes(&self, kind: &str, name: &str) -> bool {
        self.names.contains(&(kind, name))
    }

    /// Whether the item depends on an extension: `pg_dump` has what an
    /// extension's member is needed for depend on the extension.
    fn by_extension(&self, item: &Item) -> bool {
        item.dependencies.iter().any(|id| self.extensions.contains(id))
    }
}

/// By requirement and purpose.
type Needs = BTreeMap<Requirement, BTreeMap<Purpose, Usage>>;

struct Found<'a> {
    made: Made<'a>,
    omitted: &'a [Avoid],
    needs: Needs,
}

impl Found<'_> {
    fn add(&mut self, item: &Item, requirement: Requirement, purpose: Purpose) {
        if self.omitted.contains(&purpose.avoid()) {
            return;
        }
        let uses = self.needs.entry(requirement).or_default();
        let usage = uses.entry(purpose).or_insert_with(|| Usage {
            purpose,
            items: 0,
            item_kind: item.kind.clone(),
            first: name(item),
            ids: Vec::new(),
        });
        usage.items += 1;
        usage.ids.push(item.id);
    }

    fn add_item(&mut self, item: &Item) {
        if is_for_create_alone(item) {
            return;
        }
        self.add_owner(item);
        self.add_roles(item);
        self.add_storage(item);
        self.add_installed(item);
        self.add_functions(item);
        self.add_collations(item);
        if let Some((feature, purpose)) = superuser::feature(item) {
            self.add(item, Requirement::Superuser { feature }, purpose);
        }
    }

    fn add_owner(&mut self, item: &Item) {
        let Some(owner) = item.owner.as_deref().filter(|owner| !owner.is_empty()) else { return };
        if !is_given_to_owner(item) {
            return;
        }
        let is_super = superuser::belongs_to_superuser(item);
        let purpose = if is_super { Purpose::SuperuserOwner } else { Purpose::Owner };
        self.add(item, Requirement::Role { name: owner.to_owned() }, purpose);
    }

    fn add_roles(&mut self, item: &Item) {
        let sql = item.definition.as_deref().unwrap_or_default();
        let (names, purpose) = match item.kind.as_str() {
            "ACL" | "ACL LANGUAGE" => {
                let grants = roles::of_grants(sql);
                if grants.acts_as_others {
                    let feature = Feature::GrantsOfOthers;
                    self.add(item, Requirement::Superuser { feature }, Purpose::Grant);
                }
                (grants.roles, Purpose::Grant)
            }
            "DEFAULT ACL" => (roles::of_grants(sql).roles, Purpose::DefaultPrivileges),
            "POLICY" => (roles::of_policy(sql), Purpose::Policy),
            "USER MAPPING" => (roles::of_user_mapping(sql), Purpose::UserMapping),
            _ => return,
        };
        for name in names {
            self.add(item, Requirement::Role { name }, purpose);
        }
    }

    fn add_storage(&mut self, item: &Item) {
        let named = |text: &Option<String>| text.clone().filter(|name| !name.is_empty());
        if let Some(name) = named(&item.tablespace)
            && !["pg_default", "pg_global"].contains(&name.as_str())
        {
            self.add(item, Requirement::Tablespace { name }, Purpose::Storage);
        }
        if let Some(name) = named(&item.table_access_method)
            && name != "heap"
            && !self.made.makes("ACCESS METHOD", &name)
            && !self.made.by_extension(item)
        {
            self.add(item, Requirement::TableAccessMethod { name }, Purpose::Table);
        }
    }

    /// Extensions, and what mostly comes with one.
    fn add_installed(&mut self, item: &Item) {
        let sql = item.definition.as_deref().unwrap_or_default();
        let (requirement, purpose) = match item.kind.as_str() {
            // plpgsql is there in every database.
            "EXTENSION" if item.name() != "plpgsql" => {
                let (name, version) = (item.name().to_owned(), read::extension_version(sql));
                (Some(Requirement::Extension { name, version }), Purpose::Extension)
            }
            "INDEX" | "CONSTRAINT" if !self.made.by_extension(item) => {
                let method = match item.kind {
                    ItemKind::Index => read::index_method(sql),
                    _ => read::exclusion_method(sql),
                };
                let method = method.filter(|name| !self.made.makes("ACCESS METHOD", name));
                (method.map(|name| Requirement::IndexAccessMethod { name }), Purpose::Index)
            }
            "SERVER" if !self.made.by_extension(item) => {
                let wrapper = read::wrapper_of_server(sql)
                    .filter(|name| !self.made.makes("FOREIGN DATA WRAPPER", name));
                (wrapper.map(|name| Requirement::ForeignDataWrapper { name }), Purpose::Server)
            }
            "SECURITY LABEL" => {
                let provider = read::label_provider(sql);
                (provider.map(|name| Requirement::LabelProvider { name }), Purpose::SecurityLabel)
            }
            // Without a handler the server knows how, or installs an extension.
            "PROCEDURAL LANGUAGE" if item.name() != "plpgsql" && !read::has_handler(sql) => {
                let name = item.name().to_owned();
                (Some(Requirement::Language { name }), Purpose::Other)
            }
            _ => return,
        };
        if let Some(requirement) = requirement {
            self.add(item, requirement, purpose);
        }
    }

    fn add_functions(&mut self, item: &Item) {
        if !matches!(item.kind.as_str(), "FUNCTION" | "PROCEDURE") {
            return;
        }
        let head = read::function_head(item.definition.as_deref().unwrap_or_default());
        if let Some(name) = head.library {
            self.add(item, Requirement::Library { name }, Purpose::Function);
        }
        let Some(name) = head.language else { return };
        let is_built_in = ["sql", "plpgsql", "c", "internal"].contains(&name.as_str());
        let is_made =
            ["PROCEDURAL LANGUAGE", "EXTENSION"].iter().any(|kind| self.made.makes(kind, &name));
        if !is_built_in && !is_made && !self.made.by_extension(item) {
            self.add(item, Requirement::Language { name }, Purpose::Function);
        }
    }

    fn add_collations(&mut self, item: &Item) {
        let sql = item.definition.as_deref().unwrap_or_default();
        if item.kind.as_str() == "COLLATION"
            && let Some(requirement) = read::locale(sql)
        {
            self.add(item, requirement, Purpose::Collation);
        }
        // A function's body is not read.
        if !matches!(item.kind.as_str(), "FUNCTION" | "PROCEDURE" | "COMMENT") {
            for name in read::collations(sql) {
                self.add(item, Requirement::Collation { name }, Purpose::Ordering);
            }
        }
    }

    fn finish(self) -> Vec<Need> {
        let needs = self.needs.into_iter();
        needs
            .map(|(requirement, uses)| Need { requirement, uses: uses.into_values().collect() })
            .collect()
    }
}

/// Whether `pg_restore` takes the item with `-C` alone: the database, its
/// settings, and what is said of it.
fn is_for_create_alone(item: &Item) -> bool {
    match &item.kind {
        ItemKind::Database | ItemKind::DatabaseProperties => true,
        ItemKind::Acl | ItemKind::Comment | ItemKind::SecurityLabel => {
            item.name().starts_with("DATABASE ")
        }
        _ => false,
    }
}

/// Whether `pg_restore` gives the item to its owner, by `ALTER ... OWNER TO`
/// (`pg_backup_archiver.c`, `_printTocEntry` and `_getObjectDescription`): not
/// where the archive cannot drop it, and not where the table's owner is its own.
fn is_given_to_owner(item: &Item) -> bool {
    const HAVE_OWNERS: [&str; 27] = [
        "AGGREGATE",
        "BLOB",
        "BLOB METADATA",
        "COLLATION",
        "CONVERSION",
        "DOMAIN",
        "EVENT TRIGGER",
        "FOREIGN DATA WRAPPER",
        "FOREIGN TABLE",
        "FUNCTION",
        "MATERIALIZED VIEW",
        "OPERATOR",
        "OPERATOR CLASS",
        "OPERATOR FAMILY",
        "PROCEDURAL LANGUAGE",
        "PROCEDURE",
        "PUBLICATION",
        "SCHEMA",
        "SEQUENCE",
        "SERVER",
        "STATISTICS",
        "SUBSCRIPTION",
        "TABLE",
        "TEXT SEARCH CONFIGURATION",
        "TEXT SEARCH DICTIONARY",
        "TYPE",
        "VIEW",
    ];
    let can_be_dropped = item.drop_statement.as_deref().is_some_and(|sql| !sql.is_empty());
    can_be_dropped && HAVE_OWNERS.contains(&item.kind.as_str())
}

/// The name with its schema; that of a grant or a comment has the kind of its
/// object before it.
pub(super) fn name(item: &Item) -> String {
    let is_of_another =
        matches!(item.kind, ItemKind::Acl | ItemKind::Comment | ItemKind::SecurityLabel);
    match item.namespace.as_deref() {
        Some(schema) if !schema.is_empty() && !is_of_another => {
            format!("{schema}.{}", item.name())
        }
        _ => item.name().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::toc::{DataOffset, Section};
    use crate::units::Oid;

    fn item(id: u32, kind: &str, name: &str, definition: &str) -> Item {
        Item {
            id: DumpId(id),
            has_dumper: false,
            catalog: Oid(0),
            oid: Oid(0),
            tag: Some(name.to_owned()),
            kind: kind.into(),
            section: Section::PreData,
            definition: Some(definition.to_owned()),
            drop_statement: Some(format!("DROP {kind} {name};")),
            copy_statement: None,
            namespace: Some("public".to_owned()),
            tablespace: None,
            table_access_method: None,
            relation_kind: None,
            owner: Some("app".to_owned()),
            dependencies: Vec::new(),
            data: DataOffset::NoData,
            data_length: None,
        }
    }

    /// Each need as text, with its uses.
    fn told(items: &[Item], omitted: &[Avoid]) -> Vec<String> {
        let items: Vec<&Item> = items.iter().collect();
        let usage = |usage: &Usage| {
            let kind = usage.item_kind.as_str();
            format!("{:?} {} {kind} {}", usage.purpose, usage.items, usage.first)
        };
        needs(&items, omitted)
            .iter()
            .map(|need| {
                let uses: Vec<String> = need.uses.iter().map(usage).collect();
                format!("{}: {}", need.requirement, uses.join(", "))
            })
            .collect()
    }

    const NO_OWNERS: &[Avoid] = &[Avoid::Owner];

    #[test]
    fn owners_are_needed_where_objects_are_given_to_them() {
        let items = [
            item(1, "TABLE", "t", ""),
            item(2, "VIEW", "v", ""),
            item(3, "INDEX", "i", "CREATE INDEX i ON public.t USING btree (a);"),
            item(4, "EVENT TRIGGER", "e", "CREATE EVENT TRIGGER e ON ddl_command_end ..."),
            Item { drop_statement: None, ..item(5, "SCHEMA", "public", "-- *not* creating") },
        ];
        assert_eq!(
            told(&items, &[]),
            [
                "role \"app\": Owner 2 TABLE public.t, SuperuserOwner 1 EVENT TRIGGER public.e",
                "a superuser for event triggers: Other 1 EVENT TRIGGER public.e",
            ]
        );
        assert_eq!(told(&items, NO_OWNERS).len(), 1);
    }

    #[test]
    fn the_database_itself_is_not_restored() {
        let items = [
            item(1, "DATABASE", "d", "CREATE DATABASE d;"),
            item(2, "ACL", "DATABASE d", "GRANT ALL ON DATABASE d TO x;"),
        ];
        assert_eq!(told(&items, &[]), Vec::<String>::new());
    }

    #[test]
    fn what_the_archive_makes_is_no_need() {
        let extension = item(1, "EXTENSION", "bloom", "CREATE EXTENSION bloom WITH SCHEMA public;");
        let index = item(2, "INDEX", "i", "CREATE INDEX i ON public.t USING bloom (a);");
        let made = Item { dependencies: vec![DumpId(1)], ..index.clone() };
        let only_extension = ["extension \"bloom\": Extension 1 EXTENSION public.bloom"];
        assert_eq!(told(&[extension.clone(), made.clone()], NO_OWNERS), only_extension);
        assert_eq!(
            told(&[made], NO_OWNERS),
            ["index access method \"bloom\": Index 1 INDEX public.i"]
        );
        let function = item(3, "FUNCTION", "f()", "CREATE FUNCTION f() LANGUAGE plperl AS '';");
        assert_eq!(
            told(std::slice::from_ref(&function), NO_OWNERS),
            ["language \"plperl\": Function 1 FUNCTION public.f()"]
        );
        let perl = item(4, "EXTENSION", "plperl", "CREATE EXTENSION plperl;");
        assert_eq!(told(&[function, perl], NO_OWNERS).len(), 1);
    }

    #[test]
    fn storage_is_needed_unless_it_is_left_out() {
        let table = Item {
            tablespace: Some("fast".to_owned()),
            table_access_method: Some("columnar".to_owned()),
            ..item(1, "TABLE", "t", "CREATE TABLE public.t (a text COLLATE pg_catalog.\"sv_SE\");")
        };
        let usual = Item {
            tablespace: Some(String::new()),
            table_access_method: Some("heap".to_owned()),
            ..item(2, "TABLE", "u", "")
        };
        let items = [table, usual];
        assert_eq!(
            told(&items, NO_OWNERS),
            [
                "tablespace \"fast\": Storage 1 TABLE public.t",
                "table access method \"columnar\": Table 1 TABLE public.t",
                "collation \"sv_SE\": Ordering 1 TABLE public.t",
            ]
        );
        let omitted = [Avoid::Owner, Avoid::Tablespaces, Avoid::TableAccessMethod];
        assert_eq!(told(&items, &omitted).len(), 1);
    }

    #[test]
    fn functions_that_check_rows_are_found() {
        let function = |id, options: &str| {
            let sql = format!("CREATE FUNCTION f() RETURNS boolean LANGUAGE sql {options} AS '';");
            item(id, "FUNCTION", &format!("f{id}()"), &sql)
        };
        let table = |id, check: &str, function| Item {
            dependencies: vec![DumpId(function)],
            ..item(id, "TABLE", &format!("t{id}"), &format!("CREATE TABLE t (a int{check});"))
        };
        let items = [
            function(1, "STABLE"),
            function(2, "IMMUTABLE"),
            table(3, ", CONSTRAINT c CHECK (f1())", 1),
            table(4, ", CONSTRAINT c CHECK (f2())", 2),
            table(5, " DEFAULT f1()", 1),
        ];
        let found = super::super::row_checks(&items.iter().collect::<Vec<_>>());
        let [check] = &found[..] else { panic!("{found:?}") };
        assert_eq!((check.table.as_str(), check.function.as_str()), ("public.t3", "public.f1()"));
    }

    #[test]
    fn roles_are_gathered_over_all_that_names_them() {
        let items = [
            item(1, "ACL", "TABLE t", "GRANT SELECT ON TABLE public.t TO app;"),
            item(2, "ACL", "TABLE u", "GRANT SELECT ON TABLE public.u TO app, PUBLIC;"),
            item(3, "POLICY", "t p", "CREATE POLICY p ON public.t TO app USING (true);"),
            item(4, "USER MAPPING", "m", "CREATE USER MAPPING FOR app SERVER s;"),
            item(
                5,
                "DEFAULT ACL",
                "d",
                "ALTER DEFAULT PRIVILEGES FOR ROLE app GRANT ALL ON TABLES TO x;",
            ),
        ];
        assert_eq!(
            told(&items, NO_OWNERS),
            [
                "role \"app\": Grant 2 ACL TABLE t, DefaultPrivileges 1 DEFAULT ACL public.d, Policy 1 \
             POLICY public.t p, UserMapping 1 USER MAPPING public.m",
                "role \"x\": DefaultPrivileges 1 DEFAULT ACL public.d",
            ]
        );
        assert_eq!(
            told(&items, &[Avoid::Owner, Avoid::Privileges]),
            ["role \"app\": Policy 1 POLICY public.t p, UserMapping 1 USER MAPPING public.m"]
        );
    }
}
