//! Tables of contents made by hand, for the tests of plans and schedules.

#![allow(dead_code, reason = "each test program uses some of these")]

use std::collections::HashMap;
use std::time::Duration;

use restore_core::plan::{Costs, PgMajor, Plan};
use restore_core::toc::{DataOffset, Item, ItemKind, Section, Toc};
use restore_core::units::{Bytes, DumpId, Jobs, Oid};

/// An item with what scheduling looks at, and nothing else.
pub(crate) fn item(id: u32, kind: &str, section: Section, dependencies: &[u32]) -> Item {
    Item {
        id: DumpId(id),
        has_dumper: kind == "TABLE DATA",
        catalog: Oid(0),
        oid: Oid(0),
        tag: Some(format!("item {id}")),
        kind: ItemKind::from(kind),
        section,
        definition: Some(format!("-- {kind} {id}")),
        drop_statement: None,
        copy_statement: None,
        namespace: None,
        tablespace: None,
        table_access_method: None,
        relation_kind: None,
        owner: None,
        dependencies: dependencies.iter().copied().map(DumpId).collect(),
        data: DataOffset::NoData,
        data_length: None,
    }
}

/// A table.
pub(crate) fn table(id: u32) -> Item {
    item(id, "TABLE", Section::PreData, &[])
}

/// The rows of a table.
pub(crate) fn rows(id: u32, table: u32, size: u64) -> Item {
    let mut rows = item(id, "TABLE DATA", Section::Data, &[table]);
    rows.data_length = Some(Bytes(size));
    rows
}

/// Something that comes after the data.
pub(crate) fn after(id: u32, kind: &str, dependencies: &[u32]) -> Item {
    item(id, kind, Section::PostData, dependencies)
}

/// The plan of these items as PostgreSQL 17 makes it.
pub(crate) fn plan(items: Vec<Item>) -> Plan {
    Plan::new(&Toc { items }, PgMajor(17)).expect("the items can be planned")
}

/// These items take so many seconds; all others take no time.
pub(crate) fn seconds(plan: &Plan, seconds: &[(u32, u64)]) -> Costs {
    let seconds = seconds.iter().map(|&(id, s)| (DumpId(id), Duration::from_secs(s)));
    Costs::measured(plan, &seconds.collect::<HashMap<_, _>>())
}

/// A number of jobs.
pub(crate) fn jobs(jobs: u32) -> Jobs {
    Jobs::new(jobs).expect("a sane number of jobs")
}
