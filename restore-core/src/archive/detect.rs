//! Which kind of thing a file is, by its first bytes.
//!
//! `pg_backup_archiver.c`: `_discoverArchiveFormat`.

use super::error::{ArchiveError, ArchiveErrorKind, Foreign};
use super::header::MAGIC;
use super::tar;
use crate::format::{Format, Method};

/// How many bytes [`recognise`] wants to see: the head of a tar member.
pub(super) const HEAD: usize = 512;

/// Where the format code stands: behind the magic, the version's three bytes
/// and two widths.
const FORMAT_CODE: usize = 10;

/// Custom or tar, by the first bytes of a file.
pub(super) fn recognise(head: &[u8]) -> Result<Format, ArchiveError> {
    let kind = if head.starts_with(MAGIC) {
        match head.get(FORMAT_CODE) {
            Some(3) => ArchiveErrorKind::Foreign(Foreign::TocAlone),
            _ => return Ok(Format::Custom),
        }
    } else if tar::is_member_head(head) {
        return Ok(Format::Tar);
    } else if head.is_empty() {
        ArchiveErrorKind::Foreign(Foreign::Empty)
    } else if MAGIC.starts_with(head) {
        ArchiveErrorKind::Truncated("its header")
    } else if head.starts_with(b"toc.dat\0") && head.len() < HEAD {
        ArchiveErrorKind::Truncated("the head of a tar member")
    } else {
        ArchiveErrorKind::Foreign(foreign(head))
    };
    Err(ArchiveError::new(kind))
}

fn foreign(head: &[u8]) -> Foreign {
    let has = |words: &[u8]| head.windows(words.len()).any(|window| window == words);
    if head.starts_with(b"--") && has(b"-- PostgreSQL database") {
        Foreign::PlainScript
    } else if head.starts_with(&[0x1f, 0x8b]) {
        Foreign::Compressed(Method::Gzip)
    } else if head.starts_with(&[0x04, 0x22, 0x4d, 0x18]) {
        Foreign::Compressed(Method::Lz4)
    } else if head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        Foreign::Compressed(Method::Zstd)
    } else {
        Foreign::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind_of(head: &[u8]) -> String {
        recognise(head).unwrap_err().to_string()
    }

    #[test]
    fn foreign_files_are_told_apart() {
        assert!(kind_of(b"--\n-- PostgreSQL database dump\n--\n").contains("SQL script"));
        assert!(kind_of(b"--\n-- PostgreSQL database cluster dump\n--\n").contains("SQL script"));
        assert!(kind_of(b"\x1f\x8b\x08").contains("gzip compressed as a whole"));
        assert!(kind_of(b"PGDMP\x01\x0e\x00\x04\x08\x03").contains("toc.dat of a directory"));
        assert!(kind_of(b"").contains("empty"));
        assert!(kind_of(b"PGD").contains("incomplete"));
        assert!(kind_of(b"MZ").contains("none of the signs"));
        assert_eq!(recognise(b"PGDMP").unwrap(), Format::Custom);
    }
}
