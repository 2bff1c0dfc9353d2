//! The listing that `pg_restore -l` prints.
//!
//! `pg_backup_archiver.c`: `PrintTOCSummary`, `_tocEntryRequired`,
//! `sanitize_line`. The text is that of the `pg_restore` of the major version
//! that made the archive.

use std::borrow::Cow;
use std::io::{self, Write};
use std::path::Path;

use super::contents::Contents;
use super::entry::{Field, RawEntry};
use super::error::ArchiveError;
use super::header::Header;
use super::{Archive, text};
use crate::format::{Compression, Format};
use crate::toc::Item;
use crate::units::{DumpId, Oid};

/// Writes the listing of the archive at `path` while reading it, so that an
/// archive of any number of items takes the memory of one.
///
/// The same as [`Archive::write_list`] of the opened archive, except that an
/// archive that is damaged later on is listed up to there, and that its data
/// is not looked for.
pub fn write_list(
    path: impl AsRef<Path>,
    zone: &str,
    out: &mut impl Write,
) -> Result<(), ArchiveError> {
    let path = path.as_ref();
    let mut list = || {
        let mut contents = Contents::open(path)?;
        let (header, is_latin1) = (&contents.header, contents.header_is_latin1);
        write_head(header, is_latin1, contents.count, zone, out).map_err(ArchiveError::from_io)?;
        let mut buffer = Vec::new();
        contents.visit(|entry| {
            Line::of_entry(entry).write(&mut buffer, out).map_err(ArchiveError::from_io)
        })?;
        Ok(())
    };
    list().map_err(|error: ArchiveError| error.in_file(path))
}

impl Archive {
    /// Writes the listing, as bytes: names are in the archive's encoding.
    ///
    /// `zone` is the abbreviation of the reader's time zone at the archive's
    /// creation (`UTC`, `CEST`): an archive has a local time without a zone,
    /// and `pg_restore` takes it for one of its own zone.
    pub fn write_list(&self, zone: &str, out: &mut impl Write) -> io::Result<()> {
        let count = u32::try_from(self.toc.items.len()).unwrap_or(u32::MAX);
        write_head(&self.header, self.header_is_latin1, count, zone, out)?;
        let mut latin1 = self.latin1.iter().peekable();
        let mut buffer = Vec::new();
        for (index, item) in self.toc.items.iter().enumerate() {
            let is_latin1 = latin1.next_if_eq(&&index).is_some();
            Line::of_item(item, is_latin1).write(&mut buffer, out)?;
        }
        Ok(())
    }
}

fn write_head(
    header: &Header,
    is_latin1: bool,
    count: u32,
    zone: &str,
    out: &mut impl Write,
) -> io::Result<()> {
    write!(out, ";\n; Archive created at ")?;
    match header.created {
        Some(time) => writeln!(out, "{time} {zone}")?,
        None => writeln!(out, "[unknown]")?,
    }
    let mut database = Vec::new();
    if let Some(name) = &header.database {
        push_line(&mut database, &text::encode(name, is_latin1));
    }
    write!(out, ";     dbname: ")?;
    out.write_all(&database)?;
    writeln!(out, "\n;     TOC Entries: {count}")?;
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
    writeln!(out, ";     Offset: {} bytes", header.widths.offset)?;
    if let Some(version) = &header.server_version {
        writeln!(out, ";     Dumped from database version: {version}")?;
    }
    if let Some(version) = &header.dumped_by {
        writeln!(out, ";     Dumped by pg_dump version: {version}")?;
    }
    writeln!(out, ";\n;\n; Selected TOC Entries:\n;")
}

/// The level as an archive before 1.15 has it; -1 is zlib's default.
fn zlib_level(compression: Compression) -> i32 {
    match (compression, compression.level()) {
        (Compression::NONE, _) => 0,
        (_, Some(level)) => i32::from(level),
        (_, None) => -1,
    }
}

/// What a line of the listing is made of, in the archive's bytes.
struct Line<'a> {
    id: DumpId,
    catalog: Oid,
    oid: Oid,
    has_dumper: bool,
    kind: &'a [u8],
    definition: &'a [u8],
    namespace: Option<Cow<'a, [u8]>>,
    tag: Option<Cow<'a, [u8]>>,
    owner: Option<Cow<'a, [u8]>>,
}

impl<'a> Line<'a> {
    fn of_entry(entry: &'a RawEntry) -> Self {
        Self {
            id: entry.id,
            catalog: entry.catalog,
            oid: entry.oid,
            has_dumper: entry.has_dumper,
            kind: entry.get(Field::Kind).unwrap_or_default(),
            definition: entry.get(Field::Definition).unwrap_or_default(),
            namespace: entry.get(Field::Namespace).map(Cow::Borrowed),
            tag: entry.get(Field::Tag).map(Cow::Borrowed),
            owner: entry.get(Field::Owner).map(Cow::Borrowed),
        }
    }

    fn of_item(item: &'a Item, is_latin1: bool) -> Self {
        let bytes =
            |text: &'a Option<String>| text.as_deref().map(|text| text::encode(text, is_latin1));
        Self {
            id: item.id,
            catalog: item.catalog,
            oid: item.oid,
            has_dumper: item.has_dumper,
            kind: item.kind.as_str().as_bytes(),
            // Looked at for its beginning alone, which is ASCII.
            definition: item.definition.as_deref().unwrap_or_default().as_bytes(),
            namespace: bytes(&item.namespace),
            tag: bytes(&item.tag),
            owner: bytes(&item.owner),
        }
    }

    /// Whether a restore without options would take the item: `-l` shows no
    /// others. What sets up the session is taken, but not as an item; the
    /// database only with `--create`.
    fn is_listed(&self) -> bool {
        let is_not_taken = matches!(
            self.kind,
            b"ENCODING" | b"STDSTRINGS" | b"SEARCHPATH" | b"DATABASE" | b"DATABASE PROPERTIES"
        );
        let is_obsolete = self.kind == b"<Init>" && self.tag.as_deref() == Some(b"Max OID");
        if is_not_taken || is_obsolete {
            return false;
        }
        let has_definition = !self.definition.is_empty()
            && !self.definition.starts_with(b"-- load via partition root ");
        self.has_dumper || has_definition || self.is_data_without_dumper()
    }

    /// Sequence values and what describes large objects count as data.
    fn is_data_without_dumper(&self) -> bool {
        match self.kind {
            b"SEQUENCE SET" | b"BLOB" | b"BLOB METADATA" => true,
            b"ACL" | b"COMMENT" | b"SECURITY LABEL" => {
                self.tag.as_deref().is_some_and(|tag| tag.starts_with(b"LARGE OBJECT"))
            }
            _ => false,
        }
    }

    /// Writes the line where there is one to write; `buffer` is scratch.
    fn write(&self, buffer: &mut Vec<u8>, out: &mut impl Write) -> io::Result<()> {
        if !self.is_listed() {
            return Ok(());
        }
        buffer.clear();
        push_decimal(buffer, self.id.0);
        buffer.extend(b"; ");
        push_decimal(buffer, self.catalog.0);
        buffer.push(b' ');
        push_decimal(buffer, self.oid.0);
        buffer.push(b' ');
        buffer.extend(self.kind);
        buffer.push(b' ');
        push_line(buffer, self.namespace.as_deref().unwrap_or(b"-"));
        buffer.push(b' ');
        push_line(buffer, self.tag.as_deref().unwrap_or_default());
        buffer.push(b' ');
        push_line(buffer, self.owner.as_deref().unwrap_or_default());
        buffer.push(b'\n');
        out.write_all(buffer)
    }
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
