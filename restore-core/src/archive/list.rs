//! The listing that `pg_restore -l` prints.
//!
//! `pg_backup_archiver.c`: `PrintTOCSummary`, `_tocEntryRequired`,
//! `sanitize_line`. The text is that of the `pg_restore` of the major version
//! that made the archive.

use std::collections::HashMap;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use super::contents::Contents;
use super::entry::{Field, RawEntry};
use super::error::ArchiveError;
use super::header::{Header, LocalTime};
use super::{Archive, Store};
use crate::format::{Compression, Format};
use crate::selection::{Selected, is_restored};
use crate::units::DumpId;

/// Writes the listing of the archive at `path` while reading it, so that an
/// archive of any number of items takes the memory of one.
///
/// Only the table of contents is read: as with `pg_restore -l`, data may be
/// missing. A damaged archive is listed up to the damage.
///
/// The listing is bytes, since names are in the archive's encoding. `created`
/// writes the time of the dump with its zone, as in `2026-07-01 12:00:00 CEST`:
/// the archive has a local time without a zone, which `pg_restore` takes for
/// one of the reader's zone.
pub fn write_list(
    path: impl AsRef<Path>,
    created: impl FnOnce(LocalTime) -> String,
    out: &mut impl Write,
) -> Result<(), ArchiveError> {
    let path = path.as_ref();
    Contents::open(path)
        .and_then(|contents| list(contents, created, out))
        .map_err(|error| error.in_file(path))
}

impl Archive {
    /// The same as [`write_list`] for an archive that is open. The table of
    /// contents is read again, because [`Archive::toc`] has text, not bytes.
    pub fn write_list(
        &self,
        created: impl FnOnce(LocalTime) -> String,
        out: &mut impl Write,
    ) -> Result<(), ArchiveError> {
        self.contents()
            .and_then(|contents| list(contents, created, out))
            .map_err(|error| error.in_file(&self.path))
    }

    /// The listing that `pg_restore -l` prints under options: the items of
    /// which anything is restored, in the order in which it takes them.
    pub fn write_selected_list(
        &self,
        selected: &Selected<'_>,
        created: impl FnOnce(LocalTime) -> String,
        out: &mut impl Write,
    ) -> Result<(), ArchiveError> {
        self.contents()
            .and_then(|contents| list_selected(contents, selected, created, out))
            .map_err(|error| error.in_file(&self.path))
    }

    fn contents(&self) -> Result<Contents, ArchiveError> {
        match &self.store {
            Store::Custom(custom) => Contents::in_source(&self.path, custom.source.clone()),
            Store::Files(files) => {
                Contents::in_files(&self.path, Arc::clone(files), self.header.format)
            }
        }
    }
}

fn list(
    mut contents: Contents,
    created: impl FnOnce(LocalTime) -> String,
    out: &mut impl Write,
) -> Result<(), ArchiveError> {
    write_head(&contents, created, out).map_err(ArchiveError::from_io)?;
    let mut buffer = Vec::new();
    contents.visit(|entry| {
        if !is_listed(entry) {
            return Ok(());
        }
        buffer.clear();
        push_entry(&mut buffer, entry);
        out.write_all(&buffer).map_err(ArchiveError::from_io)
    })?;
    Ok(())
}

fn list_selected(
    mut contents: Contents,
    selected: &Selected<'_>,
    created: impl FnOnce(LocalTime) -> String,
    out: &mut impl Write,
) -> Result<(), ArchiveError> {
    write_head(&contents, created, out).map_err(ArchiveError::from_io)?;
    let ids = selected.restored().map(|item| item.id).enumerate();
    let places: HashMap<DumpId, usize> = ids.map(|(place, id)| (id, place)).collect();
    let mut lines = vec![Vec::new(); places.len()];
    contents.visit(|entry| {
        if let Some(&place) = places.get(&entry.id) {
            push_entry(&mut lines[place], entry);
        }
        Ok(())
    })?;
    lines.iter().try_for_each(|line| out.write_all(line)).map_err(ArchiveError::from_io)
}

fn write_head(
    contents: &Contents,
    created: impl FnOnce(LocalTime) -> String,
    out: &mut impl Write,
) -> io::Result<()> {
    let header = &contents.header;
    let created = header.created.map_or_else(|| "[unknown]".to_owned(), created);
    let mut database = Vec::new();
    push_line(&mut database, contents.database.as_deref().unwrap_or_default());
    write!(out, ";\n; Archive created at {created}\n;     dbname: ")?;
    out.write_all(&database)?;
    writeln!(out, "\n;     TOC Entries: {}", contents.count)?;
    write_layout(header, out)?;
    if let Some(version) = &header.server_version {
        writeln!(out, ";     Dumped from database version: {version}")?;
    }
    if let Some(version) = &header.dumped_by {
        writeln!(out, ";     Dumped by pg_dump version: {version}")?;
    }
    writeln!(out, ";\n;\n; Selected TOC Entries:\n;")
}

fn write_layout(header: &Header, out: &mut impl Write) -> io::Result<()> {
    if header.version.names_compression_method() {
        writeln!(out, ";     Compression: {}", header.compression.method().as_str())?;
    } else {
        writeln!(out, ";     Compression: {}", zlib_level(header.compression))?;
    }
    writeln!(out, ";     Dump Version: {}", header.version)?;
    let format = match header.format {
        Format::Custom => "CUSTOM",
        Format::Directory => "DIRECTORY",
        Format::Tar => "TAR",
        Format::Plain => "UNKNOWN",
    };
    writeln!(out, ";     Format: {format}")?;
    writeln!(out, ";     Integer: {} bytes", header.widths.integer)?;
    writeln!(out, ";     Offset: {} bytes", header.widths.offset)
}

/// The level as an archive before 1.15 has it; -1 is zlib's default.
fn zlib_level(compression: Compression) -> i32 {
    match (compression, compression.level()) {
        (Compression::NONE, _) => 0,
        (_, Some(level)) => i32::from(level),
        (_, None) => -1,
    }
}

/// Whether a restore without options would take the item: `-l` shows no others.
fn is_listed(entry: &RawEntry) -> bool {
    let get = |field| entry.get(field).unwrap_or_default();
    let (kind, tag, definition) = (get(Field::Kind), get(Field::Tag), get(Field::Definition));
    is_restored(kind, tag, definition, entry.has_dumper)
}

/// Adds the line of an item.
fn push_entry(buffer: &mut Vec<u8>, entry: &RawEntry) {
    push_decimal(buffer, entry.id.0);
    buffer.extend(b"; ");
    push_decimal(buffer, entry.catalog.0);
    buffer.push(b' ');
    push_decimal(buffer, entry.oid.0);
    buffer.push(b' ');
    buffer.extend(entry.get(Field::Kind).unwrap_or_default());
    buffer.push(b' ');
    push_line(buffer, entry.get(Field::Namespace).unwrap_or(b"-"));
    buffer.push(b' ');
    push_line(buffer, entry.get(Field::Tag).unwrap_or_default());
    buffer.push(b' ');
    push_line(buffer, entry.get(Field::Owner).unwrap_or_default());
    buffer.push(b'\n');
}

/// Adds `text` with its line ends as spaces.
fn push_line(buffer: &mut Vec<u8>, text: &[u8]) {
    let start = buffer.len();
    buffer.extend_from_slice(text);
    for byte in &mut buffer[start..] {
        if matches!(byte, b'\n' | b'\r') {
            *byte = b' ';
        }
    }
}

/// Adds `number` in decimal: with a million of them, what `fmt` would do
/// counts.
fn push_decimal(buffer: &mut Vec<u8>, mut number: u32) {
    let start = buffer.len();
    loop {
        buffer.push(b'0' + (number % 10) as u8);
        number /= 10;
        if number == 0 {
            break;
        }
    }
    buffer[start..].reverse();
}
