//! Reads an archive as `pg_restore` would, to compare the two by time.
//!
//! ```text
//! read_archive list ARCHIVE    the listing, as pg_restore -l prints it
//! read_archive open ARCHIVE    the table of contents, kept
//! read_archive data ARCHIVE    all table data decompressed, and let go
//! read_archive rows ARCHIVE    rows by table
//! ```

use std::error::Error;
use std::io::{self, BufWriter, Write};

use restore_core::archive::{Archive, RowCounts, write_list};
use restore_core::toc::ItemKind;
use restore_core::units::Jobs;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [command, path] = arguments.as_slice() else {
        return Err("give a command and an archive".into());
    };
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    if command == "list" {
        write_list(path, "UTC", &mut out)?;
        return Ok(out.flush()?);
    }
    let archive = Archive::open(path)?;
    match command.as_str() {
        "open" => writeln!(out, "{} items", archive.toc().items.len())?,
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
