//! Items for the tests of this module.

use crate::toc::{DataOffset, Item, ItemKind, Section, Toc};
use crate::units::{Bytes, DumpId, Oid};

/// An item with SQL of its own.
pub(crate) fn item(id: u32, kind: &str, section: Section, dependencies: &[u32]) -> Item {
    let is_data = kind == "TABLE DATA";
    Item {
        id: DumpId(id),
        has_dumper: is_data,
        catalog: Oid(0),
        oid: Oid(0),
        tag: Some(format!("t{id}")),
        kind: ItemKind::from(kind),
        section,
        definition: (!is_data).then(|| format!("CREATE {kind} t{id};\n")),
        drop_statement: (!is_data).then(|| format!("DROP {kind} public.t{id};\n")),
        copy_statement: is_data.then(|| format!("COPY public.t{id} (a) FROM stdin;\n")),
        namespace: Some("public".to_owned()),
        tablespace: None,
        table_access_method: None,
        relation_kind: None,
        owner: Some("owner".to_owned()),
        dependencies: dependencies.iter().copied().map(DumpId).collect(),
        data: if is_data { DataOffset::NotSet } else { DataOffset::NoData },
        data_length: is_data.then_some(Bytes(8 << 20)),
    }
}

/// `count` tables with rows, each with a key, an index, and a foreign key to
/// the table before it.
///
/// The items of table n are 10n + 1 (table), 2 (rows), 3 (key), 4 (index) and
/// 5 (foreign key).
pub(crate) fn tables(count: u32) -> Toc {
    let mut toc = Toc::default();
    let numbers = || (0..count).map(|n| 10 * n);
    toc.items.extend(numbers().map(|n| item(n + 1, "TABLE", Section::PreData, &[])));
    toc.items.extend(numbers().map(|n| item(n + 2, "TABLE DATA", Section::Data, &[n + 1])));
    for n in numbers() {
        let mut key = item(n + 3, "CONSTRAINT", Section::PostData, &[n + 1]);
        let table = n + 1;
        key.definition = Some(format!(
            "ALTER TABLE ONLY public.t{table}\n    ADD CONSTRAINT t{table}_pkey PRIMARY KEY (a);\n"
        ));
        toc.items.push(key);
        toc.items.push(item(n + 4, "INDEX", Section::PostData, &[n + 1]));
    }
    for n in numbers().skip(1) {
        let mut key = item(n + 5, "FK CONSTRAINT", Section::PostData, &[n + 1, n - 9, n - 7]);
        let (table, other) = (n + 1, n - 9);
        key.tag = Some(format!("t{} t{table}_fk", n + 2));
        key.definition = Some(format!(
            "ALTER TABLE ONLY public.t{table}\n    ADD CONSTRAINT t{table}_fk FOREIGN KEY (a) \
             REFERENCES public.t{other}(a);\n"
        ));
        toc.items.push(key);
    }
    toc
}
