//! Reads an archive as `pg_restore` would, to compare the two by time.
//!
//! ```text
//! read_archive list ARCHIVE    the listing, as pg_restore -l prints it
//! read_archive open ARCHIVE    the table of contents, kept, and what that took
//! read_archive plan ARCHIVE    a schedule of 64 jobs, and what that took
//! read_archive data ARCHIVE    all table data decompressed, and let go
//! read_archive rows ARCHIVE    rows by table
//! ```

#![allow(clippy::disallowed_methods, reason = "it times what it does")]

use std::error::Error;
use std::io::{self, BufWriter, Write};
use std::time::Instant;

use restore_core::archive::{Archive, RowCounts, write_list};
use restore_core::plan::{Costs, PgMajor, Plan};
use restore_core::schedule::{Policy, Simulation};
use restore_core::toc::{DataOffset, ItemKind};
use restore_core::units::Jobs;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [command, path] = arguments.as_slice() else {
        return Err("give a command and an archive".into());
    };
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    if command == "list" {
        write_list(path, |time| format!("{time} UTC"), &mut out)?;
        return Ok(out.flush()?);
    }
    let archive = Archive::open(path)?;
    match command.as_str() {
        "open" => {
            writeln!(out, "{} items", archive.toc().items.len())?;
            if let (Some(peak), Some(toc)) = (peak_memory(), toc_bytes(&archive)) {
                let times = peak as f64 / toc as f64;
                writeln!(out, "{peak} bytes of memory at the most, {times:.2} times those read")?;
            }
        }
        "plan" => {
            let planning = Instant::now();
            let plan = Plan::new(archive.toc(), PgMajor(17))?;
            let costs = Costs::from_sizes(&plan, archive.toc());
            let (planned, scheduling) = (planning.elapsed(), Instant::now());
            let many = Jobs::new(64)?;
            let run = Simulation::run(&plan, &costs, many, Policy::BinaryHeap17Plus);
            writeln!(
                out,
                "planned in {:.3} s, scheduled {} items for 64 jobs in {:.3} s",
                planned.as_secs_f64(),
                run.items.len(),
                scheduling.elapsed().as_secs_f64()
            )?;
        }
        "data" => {
            for item in &archive.toc().items {
                if item.kind == ItemKind::TableData {
                    io::copy(&mut archive.data(item)?, &mut io::sink())?;
                }
            }
        }
        "rows" => match archive.row_counts(Jobs::ONE)? {
            RowCounts::Exact(counts) => {
                for (table, rows) in counts {
                    writeln!(out, "{rows}\t{table}")?;
                }
            }
            RowCounts::Inserts(item) => writeln!(out, "item {item} is SQL")?,
        },
        other => return Err(format!("{other} is not a command").into()),
    }
    Ok(out.flush()?)
}

/// How large the table of contents is: what comes before the first data of a
/// custom archive, or the file of a directory.
fn toc_bytes(archive: &Archive) -> Option<u64> {
    let places = archive.toc().items.iter().filter_map(|item| match item.data {
        DataOffset::At(place) => Some(place),
        _ => None,
    });
    let file = || std::fs::metadata(archive.path().join("toc.dat")).ok().map(|file| file.len());
    places.min().or_else(file)
}

/// The most memory that this process has held, where the system tells (Linux:
/// `proc_pid_status(5)`).
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}
