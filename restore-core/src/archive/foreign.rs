//! What a file may be that is not an archive, and what to do with it.

use std::fmt;

/// What a thing is that is not an archive of `pg_dump`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Foreign {
    /// A file without a byte.
    Empty,
    /// Only zero bytes: space that was reserved and never written.
    Zeros,
    /// An SQL script: `pg_dump` in plain format.
    PlainScript,
    /// The script of all databases that `pg_dumpall` writes.
    ClusterScript,
    /// A dump of the database system named here.
    OtherSystem(&'static str),
    /// The text that `pg_restore -l` prints.
    Listing,
    /// Messages of `pg_dump` alone.
    Messages,
    /// An archive behind so many bytes of something else.
    Behind {
        /// The byte at which `PGDMP` stands.
        offset: usize,
        /// Whether a terminal's line ends stand before it.
        is_of_terminal: bool,
    },
    /// Text in UTF-16.
    Utf16,
    /// An archive whose bytes a program took for text.
    Recoded(Recoding),
    /// A file that was compressed as a whole, by this program.
    Compressed(Compressor),
    /// A file that was encrypted by this program.
    Encrypted(&'static str),
    /// The stand-in that Git LFS keeps in a repository for a large file.
    LfsPointer,
    /// A page in HTML or XML: mostly the error message of a download.
    WebPage,
    /// JSON: mostly the error message of a download.
    Json,
    /// The `toc.dat` of a directory archive, without the directory.
    TocAlone,
    /// A tar file in which no `toc.dat` is.
    TarWithoutToc,
    /// A directory in which no `toc.dat` is.
    DirectoryWithoutToc,
    /// The files of a server: what `pg_basebackup` copies.
    BaseBackup,
    /// Neither file nor directory: a pipe, a socket, a device.
    NotAFile,
    /// None of these.
    Unknown,
}

/// How a program changed the bytes of an archive that it took for text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recoding {
    /// A carriage return was put before every line feed.
    LineEnds,
    /// Bytes that are not UTF-8 were replaced by U+FFFD.
    Utf8,
}

/// What compresses files as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compressor {
    /// The name of the format.
    pub name: &'static str,
    /// The command that undoes it.
    pub undo: &'static str,
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Empty => {
                "an empty file, not an archive: the dump or the copy failed; dump or copy again"
            }
            Self::Zeros => {
                "nothing but zero bytes, not an archive: the copy was not finished; copy it again"
            }
            Self::PlainScript => {
                "an SQL script, not an archive: psql runs it, serially; dump with \
                 --format=custom or --format=directory for a parallel restore"
            }
            Self::ClusterScript => {
                "an SQL script of pg_dumpall, not an archive: psql runs it, serially; dump each \
                 database with pg_dump --format=custom or --format=directory for a parallel restore"
            }
            Self::OtherSystem(system) => {
                return write!(f, "a dump of {system}, not an archive of PostgreSQL's pg_dump");
            }
            Self::Listing => {
                "the listing that pg_restore -l prints, not an archive: give the archive itself"
            }
            Self::Messages => {
                "messages of pg_dump without an archive: the dump failed; see what they say, and \
                 dump again with pg_dump --file"
            }
            Self::Behind { offset, is_of_terminal: false } => {
                return write!(
                    f,
                    "an archive behind {offset} bytes of other text: the messages of pg_dump went \
                     into the same file (2>&1); dump again with pg_dump --file, or cut the text \
                     off with tail -c +{} FILE > ARCHIVE",
                    offset + 1
                );
            }
            Self::Behind { offset, is_of_terminal: true } => {
                return write!(
                    f,
                    "an archive behind {offset} bytes of other text, with a terminal's line ends: \
                     it went through a terminal (docker exec -t, ssh -t), which changes its \
                     bytes; dump again with pg_dump --file, or without -t"
                );
            }
            Self::Utf16 => {
                "text in UTF-16, as PowerShell's > makes it of all that a program prints: the \
                 bytes of an archive cannot be had back from it; dump again with pg_dump --file"
            }
            Self::Recoded(Recoding::LineEnds) => {
                "an archive with a carriage return before every line feed: it was copied as text \
                 (FTP in ASCII mode, Git, a terminal), and that cannot be undone safely; copy it \
                 again as binary, or dump again with pg_dump --file"
            }
            Self::Recoded(Recoding::Utf8) => {
                "an archive whose bytes were replaced where they are not UTF-8: a program took it \
                 for text (PowerShell's >, an editor), and that cannot be undone; copy it again \
                 as binary, or dump again with pg_dump --file"
            }
            Self::Compressed(Compressor { name, undo }) => {
                return write!(
                    f,
                    "a file that {name} compressed as a whole: decompress it first, with {undo}"
                );
            }
            Self::Encrypted(program) => {
                return write!(f, "a file that {program} encrypted: decrypt it first");
            }
            Self::LfsPointer => {
                "a Git LFS pointer, which stands for a file that was not downloaded: get it with \
                 git lfs pull"
            }
            Self::WebPage => {
                "a page in HTML or XML, not an archive: a web server answered the download with \
                 it, perhaps an error; look into it, and download again"
            }
            Self::Json => {
                "JSON, not an archive: a web server answered the download with it, perhaps an \
                 error; look into it, and download again"
            }
            Self::TocAlone => {
                "the toc.dat of a directory archive: give the directory that it lies in"
            }
            Self::TarWithoutToc => {
                "a tar file without a toc.dat, so not one of pg_dump's: if a directory \
                 archive was packed into it, unpack it first"
            }
            Self::DirectoryWithoutToc => {
                "a directory without a toc.dat, so not one of pg_dump's: give the directory \
                 that pg_dump --format=directory made"
            }
            Self::BaseBackup => {
                "a copy of a server's files (pg_basebackup), not an archive: a server starts from \
                 it, pg_restore cannot read it; dump a database with pg_dump --format=custom or \
                 --format=directory"
            }
            Self::NotAFile => {
                "neither a file nor a directory: an archive is read at random, so store it first"
            }
            Self::Unknown => "not an archive of pg_dump: it begins with none of the signs of one",
        };
        f.write_str(text)
    }
}
