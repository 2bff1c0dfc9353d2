//! Writes archives byte by byte: of every format version, and such as
//! `pg_dump` would never write.

// Each test binary uses a part of it.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

use std::io::{Read, Write};
use std::path::PathBuf;

use flate2::write::ZlibEncoder;
use restore_core::archive::{Archive, ArchiveError, RowCounts};
use restore_core::toc::ItemKind;
use restore_core::units::Jobs;

/// The committed archive of this name.
pub fn committed(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/archives").join(name)
}

/// Reads all that an archive has: what a damaged one may not survive.
///
/// Streams are read up to a bound, as a few bytes can decompress to many.
pub fn walk(archive: &Archive) -> Result<(), ArchiveError> {
    archive.write_list(|time| time.to_string(), &mut std::io::sink())?;
    archive.extents()?;
    for item in &archive.toc().items {
        if item.kind == ItemKind::Blobs {
            let mut objects = archive.large_objects(item)?;
            while let Some((_, stream)) = objects.next_object()? {
                drain(stream)?;
            }
        } else if item.has_dumper {
            drain(archive.data(item)?)?;
        }
    }
    match archive.row_counts(Jobs::ONE)? {
        RowCounts::Exact(_) | RowCounts::Inserts(_) => Ok(()),
    }
}

fn drain(stream: impl Read) -> Result<(), ArchiveError> {
    std::io::copy(&mut stream.take(1 << 20), &mut std::io::sink())
        .map(drop)
        .map_err(ArchiveError::from_io)
}

/// The bytes of an archive as they grow.
#[derive(Debug, Clone)]
pub struct Writer {
    pub bytes: Vec<u8>,
    /// The format's minor version.
    pub minor: u8,
    pub integer_width: u8,
}

/// One item to write; the rest of its fields is constant.
#[derive(Debug, Clone)]
pub struct Entry {
    pub id: i64,
    pub has_dumper: bool,
    pub tag: &'static str,
    pub kind: &'static str,
    pub section: i64,
    pub definition: &'static str,
    pub copy: &'static str,
    pub dependencies: &'static [&'static str],
    pub place: Place,
}

/// Where the item's data is.
#[derive(Debug, Clone)]
pub enum Place {
    Offset(u8, u64),
    File(&'static str),
}

impl Entry {
    /// The rows of a table whose place in a custom archive is not known.
    pub fn rows(id: i64, tag: &'static str) -> Self {
        Self {
            id,
            has_dumper: true,
            tag,
            kind: "TABLE DATA",
            section: 3,
            definition: "CREATE ...;",
            copy: "COPY public.t (a) FROM stdin;\n",
            dependencies: &[],
            place: Place::Offset(1, 0),
        }
    }

    /// A table, whose definition needs `dependencies`.
    pub fn table(id: i64, dependencies: &'static [&'static str]) -> Self {
        Self {
            has_dumper: false,
            kind: "TABLE",
            section: 2,
            copy: "",
            dependencies,
            place: Place::Offset(3, 0),
            ..Self::rows(id, "t")
        }
    }

    /// The item that declares the encoding.
    pub fn encoding(id: i64, definition: &'static str) -> Self {
        Self { kind: "ENCODING", section: 2, definition, ..Self::table(id, &[]) }
    }

    /// Large objects.
    pub fn large_objects(id: i64) -> Self {
        Self { kind: "BLOBS", copy: "", ..Self::rows(id, "BLOBS") }
    }

    /// The same item in a directory or tar archive.
    pub fn in_file(self, name: &'static str) -> Self {
        Self { place: Place::File(name), ..self }
    }
}

impl Writer {
    /// The head of an archive with this format code (1 custom, 3 directory
    /// and tar) and method (0 none, 1 zlib, 2 LZ4, 3 zstd).
    pub fn new(minor: u8, format: u8, method: u8) -> Self {
        Self::with_integers(minor, format, method, 4)
    }

    pub fn with_integers(minor: u8, format: u8, method: u8, integer_width: u8) -> Self {
        let mut writer = Self { bytes: b"PGDMP".to_vec(), minor, integer_width };
        writer.bytes.extend([1, minor, 0, integer_width, 8, format]);
        if minor >= 15 {
            writer.bytes.push(method);
        } else {
            writer.integer(if method == 0 { 0 } else { -1 });
        }
        for field in [1, 2, 3, 4, 5, 124, 0] {
            writer.integer(field);
        }
        writer.string(Some("base")).string(Some("8.0.26")).string(Some("8.0.26"));
        writer
    }

    pub fn integer(&mut self, value: i64) -> &mut Self {
        self.bytes.push(u8::from(value < 0));
        let magnitude = value.unsigned_abs().to_le_bytes();
        self.bytes.extend(&magnitude[..usize::from(self.integer_width)]);
        self
    }

    pub fn string(&mut self, value: Option<&str>) -> &mut Self {
        match value {
            None => self.integer(-1),
            Some(text) => {
                self.integer(text.len().cast_signed() as i64);
                self.bytes.extend(text.as_bytes());
                self
            }
        }
    }

    /// The table of contents.
    pub fn toc(&mut self, entries: &[Entry]) -> &mut Self {
        self.integer(entries.len().cast_signed() as i64);
        for entry in entries {
            self.entry(entry);
        }
        self
    }

    pub fn entry(&mut self, entry: &Entry) -> &mut Self {
        self.integer(entry.id).integer(i64::from(entry.has_dumper));
        self.string(Some("1259")).string(Some("16384"));
        self.string(Some(entry.tag)).string(Some(entry.kind));
        if self.minor >= 11 {
            self.integer(entry.section);
        }
        self.string(Some(entry.definition)).string(Some("DROP ...;"));
        self.string(Some(entry.copy)).string(Some("public")).string(Some(""));
        if self.minor >= 14 {
            self.string(Some("heap"));
        }
        if self.minor >= 16 {
            self.integer(i64::from(b'r'));
        }
        self.string(Some("owner")).string(Some("false"));
        for dependency in entry.dependencies {
            self.string(Some(dependency));
        }
        self.string(None);
        match entry.place {
            Place::Offset(flag, at) => {
                self.bytes.push(flag);
                self.bytes.extend(at.to_le_bytes());
            }
            Place::File(name) => {
                self.string(Some(name));
            }
        }
        self
    }

    /// Puts bytes that are no UTF-8 in the place of a text of as many.
    pub fn replace(&mut self, text: &str, bytes: &[u8]) -> &mut Self {
        assert_eq!(text.len(), bytes.len());
        let starts: Vec<usize> = memchr::memmem::find_iter(&self.bytes, text).collect();
        assert!(!starts.is_empty(), "{text} is not there");
        for start in starts {
            self.bytes[start..start + text.len()].copy_from_slice(bytes);
        }
        self
    }

    /// A block of rows in the given chunks.
    pub fn block(&mut self, id: i64, chunks: &[&[u8]]) -> &mut Self {
        self.bytes.push(1);
        self.integer(id).chunks(chunks)
    }

    /// A block of large objects, each in one chunk, or none if it is empty.
    pub fn object_block(&mut self, id: i64, objects: &[(i64, &[u8])]) -> &mut Self {
        self.bytes.push(3);
        self.integer(id);
        for (oid, contents) in objects {
            self.integer(*oid);
            self.chunks(if contents.is_empty() { &[] } else { std::slice::from_ref(contents) });
        }
        self.integer(0)
    }

    fn chunks(&mut self, chunks: &[&[u8]]) -> &mut Self {
        for chunk in chunks {
            self.integer(chunk.len().cast_signed() as i64);
            self.bytes.extend(*chunk);
        }
        self.integer(0)
    }

    pub fn open(&self) -> Result<Archive, ArchiveError> {
        Archive::from_bytes("written", self.bytes.clone())
    }
}

/// A tar file of these members, as `pg_dump` writes one.
pub fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, contents) in members {
        let mut head = [0; 512];
        head[..name.len()].copy_from_slice(name.as_bytes());
        head[124..136].copy_from_slice(format!("{:011o} ", contents.len()).as_bytes());
        head[156] = b'0';
        head[257..263].copy_from_slice(b"ustar\0");
        seal(&mut head);
        bytes.extend(head);
        bytes.extend(*contents);
        bytes.resize(bytes.len().next_multiple_of(512), 0);
    }
    bytes.resize(bytes.len() + 1024, 0);
    bytes
}

/// Puts the checksum into the head of a tar member.
pub fn seal(head: &mut [u8]) {
    head[148..156].fill(b' ');
    let sum: u32 = head.iter().map(|&byte| u32::from(byte)).sum();
    head[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
}

/// `bytes` as a zlib stream.
pub fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// `bytes` as an LZ4 frame.
pub fn lz4(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = lz4::EncoderBuilder::new().build(Vec::new()).unwrap();
    encoder.write_all(bytes).unwrap();
    let (stream, end) = encoder.finish();
    end.unwrap();
    stream
}

/// `bytes` as a Zstandard frame.
pub fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 3).unwrap()
}
