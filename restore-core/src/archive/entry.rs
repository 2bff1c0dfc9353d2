//! One entry of the table of contents, as it stands in the archive.
//!
//! `pg_backup_archiver.c`: `ReadToc`, and `_ReadExtraToc` of each format.

use std::io::BufRead;
use std::ops::Range;

use super::encoding::TextEncoding;
use super::error::ArchiveError;
use super::header::Header;
use super::version::ArchiveVersion;
use super::wire::{WireOffset, WireReader};
use crate::format::Format;
use crate::toc::{DataOffset, Item, ItemKind, Section};
use crate::units::{DumpId, Oid};

/// The strings of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Tag,
    Kind,
    Definition,
    Drop,
    Copy,
    Namespace,
    Tablespace,
    AccessMethod,
    Owner,
    File,
}

const FIELDS: usize = Field::File as usize + 1;

/// An entry whose strings stand one behind the other in one buffer, which
/// serves every entry in turn: reading one allocates nothing.
#[derive(Debug, Clone, Default)]
pub(super) struct RawEntry {
    pub(super) id: DumpId,
    pub(super) has_dumper: bool,
    pub(super) catalog: Oid,
    pub(super) oid: Oid,
    section: Option<Section>,
    relation_kind: Option<char>,
    dependencies: Vec<DumpId>,
    /// In a custom archive; elsewhere a file tells.
    offset: Option<WireOffset>,
    strings: [Option<Range<usize>>; FIELDS],
    bytes: Vec<u8>,
}

type Result<T> = std::result::Result<T, ArchiveError>;

impl RawEntry {
    /// Reads the next entry over this one.
    pub(super) fn read<R: BufRead>(
        &mut self,
        wire: &mut WireReader<R>,
        header: &Header,
    ) -> Result<()> {
        let start = wire.position();
        let id: u32 = wire.number("an item's number")?;
        // `DumpId` is an int that pg_dump counts from 1.
        if id == 0 || i32::try_from(id).is_err() {
            return Err(ArchiveError::malformed(format!("{id} is no item's number")).at(start));
        }
        self.id = DumpId(id);
        self.read_rest(wire, header).map_err(|error| error.of_item(self.id))
    }

    fn read_rest<R: BufRead>(&mut self, wire: &mut WireReader<R>, header: &Header) -> Result<()> {
        let version = header.version;
        self.bytes.clear();
        self.strings = Default::default();
        self.has_dumper = wire.integer("an item's data flag")? != 0;
        self.catalog = Oid(wire.decimal("an item's catalog")?.unwrap_or(0));
        self.oid = Oid(wire.decimal("an item's OID")?.unwrap_or(0));
        self.read_string(wire, Field::Tag, "an item's name")?;
        self.read_string(wire, Field::Kind, "an item's kind")?;
        self.section = if version.names_sections() { Some(read_section(wire)?) } else { None };
        self.read_string(wire, Field::Definition, "an item's definition")?;
        self.read_string(wire, Field::Drop, "an item's DROP statement")?;
        self.read_string(wire, Field::Copy, "an item's COPY statement")?;
        self.read_string(wire, Field::Namespace, "an item's schema")?;
        self.read_string(wire, Field::Tablespace, "an item's tablespace")?;
        if version.names_table_access_methods() {
            self.read_string(wire, Field::AccessMethod, "an item's access method")?;
        }
        self.relation_kind = read_relation_kind(wire, version)?;
        self.read_string(wire, Field::Owner, "an item's owner")?;
        // "true" on tables WITH OIDS before PostgreSQL 12, which no server
        // that a restore could go to has any more.
        wire.string_with("an item's WITH OIDS flag", |_| ())?;
        // Numbers as strings, up to a NULL.
        self.dependencies.clear();
        while let Some(id) = wire.decimal("an item's dependencies")? {
            self.dependencies.push(DumpId(id));
        }
        self.offset = None;
        if header.format == Format::Custom {
            self.offset = Some(wire.offset()?);
            return Ok(());
        }
        self.read_string(wire, Field::File, "an item's file name")
    }

    fn read_string<R: BufRead>(
        &mut self,
        wire: &mut WireReader<R>,
        field: Field,
        reading: &'static str,
    ) -> Result<()> {
        self.strings[field as usize] = wire.append_string(reading, &mut self.bytes)?;
        Ok(())
    }

    /// The bytes of a string; `None` where it is NULL, or where the archive's
    /// version does not have it.
    pub(super) fn get(&self, field: Field) -> Option<&[u8]> {
        self.strings[field as usize].clone().map(|range| &self.bytes[range])
    }

    /// The encoding that the item `ENCODING` declares; `None` in all others.
    pub(super) fn declared_encoding(&self) -> Option<TextEncoding> {
        let is_encoding = self.get(Field::Kind) == Some(b"ENCODING");
        TextEncoding::of_definition(self.get(Field::Definition).filter(|_| is_encoding)?)
    }

    /// Whether its text is the same in every encoding.
    pub(super) fn is_ascii(&self) -> bool {
        self.bytes.is_ascii()
    }

    /// The item that it describes, in an archive of this encoding.
    pub(super) fn to_item(&self, encoding: TextEncoding) -> Item {
        let text = |field| self.get(field).map(|bytes| encoding.decode(bytes));
        // Kinds are pg_dump's own words, in ASCII.
        let kind = String::from_utf8_lossy(self.get(Field::Kind).unwrap_or_default());
        let kind = ItemKind::from(&*kind);
        Item {
            id: self.id,
            has_dumper: self.has_dumper,
            catalog: self.catalog,
            oid: self.oid,
            tag: text(Field::Tag),
            section: self.section.unwrap_or_else(|| section_before_8_4(&kind)),
            kind,
            definition: text(Field::Definition),
            drop_statement: text(Field::Drop),
            copy_statement: text(Field::Copy),
            namespace: text(Field::Namespace),
            tablespace: text(Field::Tablespace),
            table_access_method: text(Field::AccessMethod),
            relation_kind: self.relation_kind,
            owner: text(Field::Owner),
            dependencies: self.dependencies.clone(),
            data: match (self.offset, text(Field::File)) {
                (Some(WireOffset::NotSet), _) => DataOffset::NotSet,
                (Some(WireOffset::At(position)), _) => DataOffset::At(position),
                (None, Some(file)) if !file.is_empty() => DataOffset::File(file),
                (Some(WireOffset::NoData) | None, _) => DataOffset::NoData,
            },
            data_length: None,
        }
    }
}

fn read_section<R: BufRead>(wire: &mut WireReader<R>) -> Result<Section> {
    let start = wire.position();
    let code = wire.integer("an item's section")?;
    Section::from_wire(code)
        .ok_or_else(|| ArchiveError::malformed(format!("{code} is not a section")).at(start))
}

/// The section of an item in an archive that names none: the rules of
/// `ReadToc` for archives from before PostgreSQL 8.4.
fn section_before_8_4(kind: &ItemKind) -> Section {
    match kind {
        ItemKind::Comment | ItemKind::Acl => Section::None,
        ItemKind::TableData | ItemKind::Blobs => Section::Data,
        ItemKind::Constraint
        | ItemKind::CheckConstraint
        | ItemKind::ForeignKey
        | ItemKind::Index
        | ItemKind::Rule
        | ItemKind::Trigger => Section::PostData,
        other => match other.as_str() {
            "ACL LANGUAGE" => Section::None,
            "BLOB COMMENTS" => Section::Data,
            _ => Section::PreData,
        },
    }
}

fn read_relation_kind<R: BufRead>(
    wire: &mut WireReader<R>,
    version: ArchiveVersion,
) -> Result<Option<char>> {
    if !version.names_relation_kinds() {
        return Ok(None);
    }
    let code: u8 = wire.number("an item's relation kind")?;
    Ok((code != 0).then(|| char::from(code)))
}
