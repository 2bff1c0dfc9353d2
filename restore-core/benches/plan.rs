//! How fast plans are made and scheduled: an archive of 100,000 tables with a
//! key, an index and their rows each, and a foreign key on every other one.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use restore_core::plan::{Costs, CriticalPath, PgMajor, Plan};
use restore_core::schedule::{Policy, Simulation};
use restore_core::toc::{DataOffset, Item, ItemKind, Section, Toc};
use restore_core::units::{Bytes, DumpId, Jobs, Oid};

const TABLES: u32 = 100_000;

fn item(id: u32, kind: ItemKind, section: Section, dependencies: &[u32]) -> Item {
    Item {
        id: DumpId(id),
        has_dumper: kind == ItemKind::TableData,
        catalog: Oid(0),
        oid: Oid(id),
        tag: Some(format!("object_{id}")),
        kind,
        section,
        definition: Some("CREATE".to_owned()),
        drop_statement: None,
        copy_statement: None,
        namespace: Some("public".to_owned()),
        tablespace: Some(String::new()),
        table_access_method: None,
        relation_kind: None,
        owner: Some("postgres".to_owned()),
        dependencies: dependencies.iter().copied().map(DumpId).collect(),
        data: DataOffset::NoData,
        data_length: None,
    }
}

/// About 450,000 items. Sizes repeat, as they do where tables are small.
fn archive() -> Toc {
    let tables = (1..=TABLES).map(|n| item(n, ItemKind::Table, Section::PreData, &[]));
    let rows = (1..=TABLES).map(|n| {
        let mut rows = item(TABLES + n, ItemKind::TableData, Section::Data, &[n]);
        rows.data_length = Some(Bytes(u64::from(n.wrapping_mul(2_654_435_761) % 10_000)));
        rows
    });
    let after = |id, kind, dependencies: &[u32]| item(id, kind, Section::PostData, dependencies);
    let key = |n| 2 * TABLES + n;
    let keys = (1..=TABLES).map(|n| after(key(n), ItemKind::Constraint, &[n]));
    let indexes = (1..=TABLES).map(|n| after(3 * TABLES + n, ItemKind::Index, &[n]));
    let foreign_keys = (2..=TABLES).step_by(2).map(|n| {
        // To one of a thousand tables.
        let parent = 1 + n % 1000;
        after(4 * TABLES + n, ItemKind::ForeignKey, &[n, key(parent), parent])
    });
    Toc { items: tables.chain(rows).chain(keys).chain(indexes).chain(foreign_keys).collect() }
}

/// Foreign keys of so many tables to one: each excludes all others.
const CHILDREN: u32 = 10_000;

fn star() -> Toc {
    let child = |n: u32| {
        let mut rows = item(CHILDREN + n, ItemKind::TableData, Section::Data, &[n]);
        rows.data_length = Some(Bytes(u64::from(n)));
        let key = &[n, 3 * CHILDREN];
        let key = item(3 * CHILDREN + n, ItemKind::ForeignKey, Section::PostData, key);
        [item(n, ItemKind::Table, Section::PreData, &[]), rows, key]
    };
    let parent = item(3 * CHILDREN, ItemKind::Table, Section::PreData, &[]);
    let mut items: Vec<_> = (1..=CHILDREN).flat_map(child).chain([parent]).collect();
    items.sort_by_key(|item| (item.section, item.id));
    Toc { items }
}

const POLICIES: [(&str, Policy); 2] =
    [("sorted list", Policy::SortedList12To16), ("binary heap", Policy::BinaryHeap17Plus)];

fn bench_star(criterion: &mut Criterion) {
    let toc = star();
    let plan = Plan::new(&toc, PgMajor(17)).expect("a sound archive");
    let costs = Costs::from_sizes(&plan, &toc);
    let jobs = Jobs::new(64).expect("few jobs");
    let mut group = criterion.benchmark_group(format!("{CHILDREN} foreign keys to one table"));
    group.sample_size(10);
    for (name, policy) in POLICIES {
        group.bench_function(format!("schedule 64 jobs, {name}"), |bencher| {
            bencher.iter(|| Simulation::run(black_box(&plan), &costs, jobs, policy));
        });
    }
    group.finish();
}

fn bench(criterion: &mut Criterion) {
    let toc = archive();
    let plan = Plan::new(&toc, PgMajor(17)).expect("a sound archive");
    let costs = Costs::from_sizes(&plan, &toc);
    let jobs = Jobs::new(64).expect("few jobs");

    let mut group = criterion.benchmark_group(format!("{} items", toc.items.len()));
    group.sample_size(10);
    group.bench_function("plan", |bencher| {
        bencher.iter(|| Plan::new(black_box(&toc), PgMajor(17)));
    });
    group.bench_function("critical path", |bencher| {
        bencher.iter(|| CriticalPath::new(black_box(&plan), &costs));
    });
    for (name, policy) in POLICIES {
        group.bench_function(format!("schedule 64 jobs, {name}"), |bencher| {
            bencher.iter(|| Simulation::run(black_box(&plan), &costs, jobs, policy));
        });
    }
    group.finish();
}

criterion_group!(benches, bench, bench_star);
criterion_main!(benches);
