//! How fast archives are read: tables of contents, listings, data by codec.
//!
//! `cargo bench -p restore-core --bench archive`. The archives are written in
//! memory, so that disks play no part; how reading compares with `pg_restore`,
//! whole process against whole process, `scripts/archive-speed` measures.

#![allow(missing_docs, clippy::unwrap_used)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::hint::black_box;
use std::io::Write;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use restore_core::archive::{Archive, RowCounts};
use restore_core::units::Jobs;
use support::{Entry, Writer, lz4, zlib, zstd};

const ITEMS: u32 = 20_000;

/// A table of contents of tables and their rows, half and half.
fn table_of_contents() -> Vec<u8> {
    let mut writer = Writer::new(16, 1, 0);
    let entries: Vec<Entry> = (1..=i64::from(ITEMS / 2))
        .flat_map(|n| [Entry::table(2 * n - 1, &["1"]), Entry::rows(2 * n, "some_table")])
        .collect();
    writer.toc(&entries);
    writer.bytes
}

fn reading(criterion: &mut Criterion) {
    let bytes = table_of_contents();
    let mut group = criterion.benchmark_group("toc");
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("open", |bencher| {
        bencher.iter_batched(
            || bytes.clone(),
            |bytes| black_box(Archive::from_bytes("bench", bytes).unwrap()),
            BatchSize::LargeInput,
        );
    });
    let archive = Archive::from_bytes("bench", bytes).unwrap();
    group.throughput(Throughput::Elements(u64::from(ITEMS)));
    group.bench_function("list", |bencher| {
        let mut listing = Vec::new();
        bencher.iter(|| {
            listing.clear();
            archive.write_list(|time| format!("{time} UTC"), &mut listing).unwrap();
            black_box(listing.len())
        });
    });
    group.finish();
}

/// Rows as a shop has them: numbers, dates, words.
fn rows() -> Vec<u8> {
    let mut text = Vec::new();
    let mut state = 1_u64;
    while text.len() < 16 << 20 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let (id, day, cents) = (state >> 40, state >> 33 & 0x1f, state >> 20 & 0xffff);
        writeln!(text, "{id}\t2024-05-{day:02}\t{cents}.00\tcustomer number {}\tN\tO", cents % 977)
            .unwrap();
    }
    text.extend(b"\\.\n\n\n");
    text
}

fn decompressing(criterion: &mut Criterion) {
    let text = rows();
    let mut group = criterion.benchmark_group("rows");
    group.throughput(Throughput::Bytes(text.len() as u64)).sample_size(20);
    let codecs = [
        ("none", 0, text.clone()),
        ("zlib", 1, zlib(&text)),
        ("lz4", 2, lz4(&text)),
        ("zstd", 3, zstd(&text)),
    ];
    for (name, method, packed) in codecs {
        let mut writer = Writer::new(16, 1, method);
        writer.toc(&[Entry::rows(1, "t")]);
        // As large as pg_dump's chunks are.
        writer.block(1, &packed.chunks(4096).collect::<Vec<_>>());
        let archive = writer.open().unwrap();
        group.bench_function(name, |bencher| {
            bencher.iter(|| match archive.row_counts(Jobs::ONE).unwrap() {
                RowCounts::Exact(counts) => black_box(counts.len()),
                RowCounts::Inserts(_) => unreachable!("the rows are COPY"),
            });
        });
    }
    group.finish();
}

criterion_group!(benches, reading, decompressing);
criterion_main!(benches);
