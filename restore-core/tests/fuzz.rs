//! Random damage to small archives of every kind, in bounded time.
//!
//! Every execution is numbered and takes its damage from its number alone, so
//! that the number that a failure names repeats it:
//!
//! ```text
//! cargo test -p restore-core --test fuzz                     a few seconds
//! FUZZ_EXECUTIONS=10000000 cargo test --release -p restore-core --test fuzz -- --nocapture
//! FUZZ_FIRST=1234 FUZZ_EXECUTIONS=1 cargo test -p restore-core --test fuzz
//! ```

// Helpers outside of test functions unwrap as the tests do; a long run says
// what it did.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod support;

use std::fs;
use std::io::Read as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use restore_core::archive::Archive;
use restore_core::inspect::Subject;
use restore_core::native::{Effort, Prospect, Tuning};
use restore_core::options::RestoreOptions;
use restore_core::plan::{Costs, PgMajor};
use restore_core::schedule::Simulation;
use restore_core::toc::{Item, ItemKind};
use restore_core::units::Jobs;
use support::{Entry, Writer, committed, lz4, seal, tar, walk, zlib, zstd};

/// What an ordinary test run can afford.
const EXECUTIONS: u64 = 100_000;

/// One execution in so many starts from a real archive, which is larger and
/// has more to it than the written ones.
const REAL_EVERY: u64 = 50;

/// One execution in so many is inspected, which takes a hundred schedules.
const INSPECT_EVERY: u64 = 64;

#[test]
fn damaged_archives_give_errors_and_nothing_else() {
    let variable = |name| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let first = variable("FUZZ_FIRST").unwrap_or(0);
    let end = first + variable("FUZZ_EXECUTIONS").unwrap_or(EXECUTIONS);
    let corpus = Corpus::new();
    let (next, opened, intact) = (AtomicU64::new(first), AtomicU64::new(0), AtomicU64::new(0));
    let work = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= end {
                return;
            }
            let bytes = corpus.damaged(number);
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                Archive::from_bytes("fuzz", bytes).map(|archive| {
                    let archive = Arc::new(archive);
                    look(&archive, number);
                    restore(&archive, number);
                    walk(&archive).is_ok()
                })
            }));
            match outcome {
                Ok(Ok(is_intact)) => {
                    opened.fetch_add(1, Ordering::Relaxed);
                    intact.fetch_add(u64::from(is_intact), Ordering::Relaxed);
                }
                Ok(Err(error)) => assert!(!error.to_string().is_empty()),
                Err(panic) => {
                    let message = panic.downcast_ref::<String>();
                    panic!("execution {number}, to repeat with FUZZ_FIRST: {message:?}")
                }
            }
        }
    };
    std::thread::scope(|scope| {
        let threads = std::thread::available_parallelism().unwrap().get();
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    let (opened, intact) = (opened.into_inner(), intact.into_inner());
    println!("executions {first} to {end}: {opened} opened, {intact} of them read to the end");
    // Damage that is always refused at once, or never, would test little.
    if end - first >= EXECUTIONS {
        assert!(opened > (end - first) / 10 && intact < opened && opened < end - first);
    }
}

/// Plans what was opened, and once in a while tells all about it.
fn look(archive: &Archive, number: u64) {
    let few = Jobs::new(3).unwrap();
    let Ok(subject) = Subject::new(archive, Some(PgMajor(12 + (number % 8) as u32))) else {
        return;
    };
    if number.is_multiple_of(INSPECT_EVERY) {
        let seen = subject.inspect(&[Jobs::ONE, few]);
        assert_eq!(seen.head.items, archive.toc().items.len());
    } else {
        let costs = Costs::from_sizes(subject.plan(), archive.toc());
        let run = Simulation::run(subject.plan(), &costs, few, subject.policy());
        assert!(run.makespan() <= costs.total());
    }
}

/// Restores what was opened as far as can be without a server: every choice, every
/// statement, every slice.
fn restore(archive: &Arc<Archive>, number: u64) {
    let jobs = Jobs::new(1 + (number % 8) as u32).unwrap();
    let effort = if number.is_multiple_of(2) { Effort::Always } else { Effort::WherePays };
    let tuning = Tuning::with_effort(effort);
    let Ok(prospect) = Prospect::new(archive, &RestoreOptions::default(), tuning, 17) else {
        return;
    };
    assert!(prospect.expect(jobs).native.speedup >= 0.0);
    for item in prospect.items() {
        if let Err(error) = prospect.statements(item) {
            assert!(!error.to_string().is_empty());
        }
        if item.kind == ItemKind::TableData {
            cut(archive, &prospect, item, 1 + (number % 40) as usize);
        }
    }
}

/// Slices cover the rows exactly once, whatever the stream holds, up to where it can
/// be read.
fn cut(archive: &Archive, prospect: &Prospect, item: &Item, slice_bytes: usize) {
    let Ok(slices) = prospect.slices(item, slice_bytes) else { return };
    let mut covered = Vec::new();
    for slice in slices {
        let Ok(slice) = slice else { break };
        assert!(!slice.is_empty());
        covered.extend(slice);
    }
    let mut whole = Vec::new();
    let ended = archive.data(item).is_ok_and(|mut data| data.read_to_end(&mut whole).is_ok());
    if !ended {
        // How much a decompressor gives before it fails depends on how much it is asked for.
        let both = whole.len().min(covered.len());
        assert_eq!(whole[..both], covered[..both]);
        return;
    }
    assert!(whole.starts_with(&covered), "a slice holds what the stream does not");
    let rest = &whole[covered.len()..];
    assert!(rest.is_empty() || rest.starts_with(b"\\."), "rows are in no slice");
}

struct Corpus {
    written: Vec<Vec<u8>>,
    real: Vec<Vec<u8>>,
}

impl Corpus {
    fn new() -> Self {
        let text: Vec<u8> = [b"1\tone row\n".repeat(9), b"\\.\n\n\n".to_vec()].concat();
        let mut written = Vec::new();
        for (minor, method, packed) in [
            (10, 0, text.clone()),
            (12, 1, zlib(&text)),
            (14, 1, zlib(&text)),
            (16, 0, text.clone()),
            (16, 1, zlib(&text)),
            (16, 2, lz4(&text)),
            (16, 3, zstd(&text)),
        ] {
            let mut custom = Writer::new(minor, 1, method);
            custom.toc(&[Entry::table(1, &["9"]), Entry::rows(2, "t"), Entry::large_objects(3)]);
            let (head, tail) = packed.split_at(packed.len() / 2);
            custom.block(2, &[head, tail]).object_block(3, &[(5, &packed), (6, b"")]);
            written.push(custom.bytes);
        }
        for (suffix, packed) in [("", text.clone()), (".lz4", lz4(&text)), (".zst", zstd(&text))] {
            let mut toc = Writer::new(16, 3, 0);
            toc.toc(&[
                Entry::rows(2, "t").in_file("2.dat"),
                Entry::large_objects(3).in_file("3.dat"),
            ]);
            written.push(tar(&[
                ("toc.dat", &toc.bytes),
                (&format!("2.dat{suffix}"), &packed),
                ("blobs_3.toc", b"5 blob_5.dat\n6 blob_6.dat\n"),
                (&format!("blob_5.dat{suffix}"), &packed),
                ("blob_6.dat", b""),
            ]));
        }
        let real = ["15/custom", "17/custom-zstd", "18/custom-pipe", "18/tar"]
            .map(|name| fs::read(committed(name)).unwrap());
        Self { written, real: real.into() }
    }

    fn damaged(&self, number: u64) -> Vec<u8> {
        let mut random = Random(number);
        let seeds = if random.below(REAL_EVERY) == 0 { &self.real } else { &self.written };
        let mut bytes = random.pick(seeds).clone();
        for _ in 0..=random.below(4) {
            let other = random.pick(&self.written);
            damage(&mut bytes, other, &mut random);
        }
        if bytes.len() >= 512 && bytes[257..].starts_with(b"ustar") && random.below(2) == 0 {
            reseal(&mut bytes);
        }
        bytes
    }
}

/// Values at which lengths, flags and counts are apt to break.
const EDGES: [u64; 12] = [
    0,
    1,
    2,
    3,
    0x7f,
    0x80,
    0xff,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    0x7fff_ffff_ffff_ffff,
    u64::MAX,
];

fn damage(bytes: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    if bytes.is_empty() {
        return;
    }
    let at = random.index(bytes.len());
    let length = 1 + random.index((bytes.len() - at).min(64));
    match random.below(8) {
        0 => bytes[at] ^= 1 << random.below(8),
        1 => bytes[at] = random.next() as u8,
        2 => bytes[at] = random.pick(&EDGES).to_le_bytes()[0],
        3 => {
            let value = random.pick(&EDGES).to_le_bytes();
            let width = random.pick(&[2, 4, 8]).min(&(bytes.len() - at)).to_owned();
            bytes[at..at + width].copy_from_slice(&value[..width]);
        }
        4 => bytes.truncate(at),
        5 => drop(bytes.drain(at..at + length)),
        6 => {
            let copy = bytes[at..at + length].to_vec();
            let place = random.index(bytes.len());
            bytes.splice(place..place, copy);
        }
        _ => {
            let from = random.index(other.len());
            let until = (from + length).min(other.len());
            bytes.splice(at..at + length, other[from..until].iter().copied());
        }
    }
}

/// Makes the heads of a tar file's members valid again where they stand.
fn reseal(bytes: &mut [u8]) {
    for block in bytes.chunks_exact_mut(512) {
        if block[257..].starts_with(b"ustar") {
            seal(block);
        }
    }
}

/// `SplitMix64`: enough randomness for this, from a number.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn index(&mut self, limit: usize) -> usize {
        self.below(limit as u64) as usize
    }

    fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.index(choices.len())]
    }
}
