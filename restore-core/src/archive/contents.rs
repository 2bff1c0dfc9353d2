//! The head and the table of contents of an archive, of whichever format.

use std::fs;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::codec::{Decoder, Wrapping};
use super::detect;
use super::directory::Directory;
use super::encoding::TextEncoding;
use super::entry::RawEntry;
use super::error::{ArchiveError, ArchiveErrorKind};
use super::files::Files;
use super::foreign::Foreign;
use super::header::{self, Header};
use super::source::{Source, SourceReader};
use super::tar::Tar;
use super::wire::{Widths, WireReader};
use crate::format::{Format, Method};
use crate::toc::{Item, Toc};
use crate::units::DumpId;

/// The name of the table of contents in a directory or tar archive.
const TOC: &str = "toc.dat";

type Result<T> = std::result::Result<T, ArchiveError>;

/// An archive whose head has been read and whose entries come next.
pub(super) struct Contents {
    pub(super) header: Header,
    /// The header's database name in the archive's own bytes.
    pub(super) database: Option<Vec<u8>>,
    /// How many entries there are, as the archive claims.
    pub(super) count: u32,
    pub(super) place: Place,
    wire: WireReader<TocReader>,
    /// The file that the table of contents stands in.
    path: PathBuf,
    seen: Vec<DumpId>,
}

/// Where the data of an archive is.
#[derive(Debug)]
pub(super) enum Place {
    Custom(Source),
    Files(Arc<Files>),
}

impl Place {
    /// What is wrong with an archive that cannot be read: where it was changed
    /// on its way, that, rather than the first thing that went wrong by it.
    fn explain(&self, error: ArchiveError) -> ArchiveError {
        use ArchiveErrorKind as Kind;
        let may_follow = matches!(
            error.kind(),
            Kind::Malformed(_)
                | Kind::Truncated(_)
                | Kind::RepeatedItem
                | Kind::NewerVersion(_)
                | Kind::OlderVersion(_)
        );
        let recoding = || detect::recoding(&self.sample().ok()?);
        match may_follow.then(recoding).flatten() {
            Some(recoding) => ArchiveError::new(Kind::Foreign(Foreign::Recoded(recoding))),
            None => error,
        }
    }

    /// The beginning of the file that has the table of contents, as stored.
    fn sample(&self) -> Result<Vec<u8>> {
        let mut sample = Vec::new();
        let mut read = |input: &mut dyn Read| {
            input
                .take(detect::SAMPLE as u64)
                .read_to_end(&mut sample)
                .map_err(ArchiveError::from_io)
        };
        match self {
            Self::Custom(source) => {
                read(&mut source.reader_at(0).map_err(ArchiveError::from_io)?)?;
            }
            Self::Files(files) => {
                read(&mut files.open(&files.find(TOC)?)?)?;
            }
        }
        Ok(sample)
    }
}

/// A table of contents, the encoding that it declares, and where it ends.
pub(super) struct Entries {
    pub(super) toc: Toc,
    pub(super) encoding: TextEncoding,
    /// Items whose texts are not their bytes as they stand, in bytes, by their places.
    pub(super) spelled: Vec<(usize, Item)>,
    /// The byte behind the table of contents.
    pub(super) end: u64,
}

impl Contents {
    /// Finds the table of contents of the archive at `path`.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let metadata = fs::metadata(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => ArchiveError::new(ArchiveErrorKind::NotFound),
            _ => ArchiveError::new(ArchiveErrorKind::Io(error)),
        })?;
        if metadata.is_dir() {
            let files = Files::Directory(Directory::list(path)?);
            return Self::in_files(path, Arc::new(files), Format::Directory);
        }
        if !metadata.is_file() {
            return Err(ArchiveError::new(ArchiveErrorKind::Foreign(Foreign::NotAFile)));
        }
        let source = Source::file(path, metadata.len()).map_err(ArchiveError::from_io)?;
        Self::in_source(path, source)
    }

    /// Finds the table of contents in one file.
    pub(super) fn in_source(path: &Path, source: Source) -> Result<Self> {
        let mut head = Vec::new();
        let reader = source.reader_at(0).map_err(ArchiveError::from_io)?;
        reader.take(detect::HEAD as u64).read_to_end(&mut head).map_err(ArchiveError::from_io)?;
        if detect::recognise(&head)? == Format::Custom {
            let input = TocReader::Source(source.reader_at(0).map_err(ArchiveError::from_io)?);
            return Self::begin(input, Format::Custom, Place::Custom(source), path.to_owned());
        }
        let files = Files::Tar(Tar::list(source)?);
        Self::in_files(path, Arc::new(files), Format::Tar)
    }

    /// Finds the table of contents among the files of a directory or tar
    /// archive.
    pub(super) fn in_files(path: &Path, files: Arc<Files>, format: Format) -> Result<Self> {
        let found = files.find(TOC).map_err(|_| {
            let foreign = match format {
                _ if files.is_base_backup() => Foreign::BaseBackup,
                Format::Tar => Foreign::TarWithoutToc,
                _ => Foreign::DirectoryWithoutToc,
            };
            ArchiveError::new(ArchiveErrorKind::Foreign(foreign))
        })?;
        let toc_path = path.join(&found.name);
        let open = || {
            let input = files.open(&found)?;
            // "they are accepted with the .gz suffix too, in case the user
            // has manually compressed them": pg_backup_directory.c.
            if found.method == Method::None {
                return Ok(TocReader::Other(input));
            }
            let decoder = Decoder::new(input, found.method, Wrapping::Gzip);
            let decoder = decoder.map_err(ArchiveError::from_io)?;
            Ok(TocReader::Other(Box::new(BufReader::new(decoder))))
        };
        let input = open().map_err(|error: ArchiveError| error.in_file(&toc_path))?;
        Self::begin(input, format, Place::Files(files), toc_path)
    }

    fn begin(input: TocReader, format: Format, place: Place, path: PathBuf) -> Result<Self> {
        let mut wire = WireReader::new(input, 0, Widths { integer: 4, offset: 8 });
        let read = |wire: &mut WireReader<TocReader>| {
            let (header, database) = header::read(wire, format)?;
            Ok((header, database, wire.number("the number of its items")?))
        };
        let (header, database, count) =
            read(&mut wire).map_err(|error| place.explain(error).in_file(&path))?;
        Ok(Self { header, database, count, place, wire, path, seen: Vec::new() })
    }

    /// Calls `visit` with every entry in turn.
    ///
    /// Every item has its number for itself; dependencies may name numbers
    /// that no item has. Gives the byte behind the table of contents.
    pub(super) fn visit(&mut self, visit: impl FnMut(&RawEntry) -> Result<()>) -> Result<u64> {
        self.visit_all(visit).map_err(|error| self.place.explain(error).in_file(&self.path))
    }

    fn visit_all(&mut self, mut visit: impl FnMut(&RawEntry) -> Result<()>) -> Result<u64> {
        let mut entry = RawEntry::default();
        // The count is a claim: room is made as items come.
        for _ in 0..self.count {
            self.read_entry(&mut entry)?;
            self.seen.push(entry.id);
            visit(&entry)?;
        }
        refuse_repeated_items(&mut self.seen)?;
        let end = self.wire.position();
        if self.header.format != Format::Custom && !self.wire.is_at_end()? {
            let what = "more bytes follow the last item of the table of contents";
            return Err(ArchiveError::malformed(what).at(end));
        }
        Ok(end)
    }

    /// Reads the next entry: from the bytes at hand where all of it is among
    /// them, as mostly it is, and that is several times as fast.
    fn read_entry(&mut self, entry: &mut RawEntry) -> Result<()> {
        let (position, widths) = (self.wire.position(), self.header.widths);
        let mut at_hand = WireReader::new(self.wire.peek()?, position, widths);
        match entry.read(&mut at_hand, &self.header) {
            Ok(()) => {
                let length = at_hand.position() - position;
                self.wire.advance(length as usize);
                Ok(())
            }
            Err(error) if matches!(error.kind(), ArchiveErrorKind::Truncated(_)) => {
                entry.read(&mut self.wire, &self.header)
            }
            Err(error) => Err(error),
        }
    }

    /// Reads all entries. Data lengths are left open: they are the format's
    /// to know.
    pub(super) fn read_entries(&mut self) -> Result<Entries> {
        let mut toc = Toc::default();
        let mut declared = None;
        // pg_dump writes ENCODING first; items before it are decoded again.
        let mut early = Vec::new();
        let mut spelled = Vec::new();
        let end = self.visit(|entry| {
            if declared.is_none() {
                declared = entry.declared_encoding();
                if !entry.is_ascii() {
                    early.push((toc.items.len(), entry.clone()));
                }
            }
            let item = entry.to_item(declared.unwrap_or(TextEncoding::SQL_ASCII));
            if !entry.is_ascii() {
                let in_bytes = entry.to_item(TextEncoding::BYTES);
                if declared.is_none() || in_bytes != item {
                    spelled.push((toc.items.len(), in_bytes));
                }
            }
            toc.items.push(item);
            Ok(())
        })?;
        let encoding = declared.unwrap_or(TextEncoding::SQL_ASCII);
        for (index, entry) in early {
            toc.items[index] = entry.to_item(encoding);
        }
        toc.items.shrink_to_fit();
        Ok(Entries { toc, encoding, spelled, end })
    }
}

fn refuse_repeated_items(ids: &mut [DumpId]) -> Result<()> {
    ids.sort_unstable();
    match ids.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(ArchiveError::new(ArchiveErrorKind::RepeatedItem).of_item(pair[0])),
        None => Ok(()),
    }
}

/// What the table of contents is read from: the file itself without a
/// detour, as that is where large ones are.
enum TocReader {
    Source(SourceReader),
    Other(Box<dyn BufRead + Send>),
}

impl Read for TocReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Source(reader) => reader.read(buffer),
            Self::Other(reader) => reader.read(buffer),
        }
    }
}

impl BufRead for TocReader {
    #[inline]
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match self {
            Self::Source(reader) => reader.fill_buf(),
            Self::Other(reader) => reader.fill_buf(),
        }
    }

    #[inline]
    fn consume(&mut self, count: usize) {
        match self {
            Self::Source(reader) => reader.consume(count),
            Self::Other(reader) => reader.consume(count),
        }
    }
}
