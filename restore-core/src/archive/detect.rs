//! Which kind of thing a file is, by its first bytes.
//!
//! `pg_backup_archiver.c`: `_discoverArchiveFormat`.

use super::error::{ArchiveError, ArchiveErrorKind};
use super::foreign::{Compressor, Foreign, Recoding};
use super::header::MAGIC;
use super::tar;
use crate::format::Format;

/// How many bytes [`recognise`] wants to see: where `PGDMP` is looked for
/// behind messages.
pub(super) const HEAD: usize = 16 * 1024;

/// How many bytes [`recoding`] wants to see.
pub(super) const SAMPLE: usize = 64 * 1024;

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
    } else if !head.is_empty() && MAGIC.starts_with(head) {
        ArchiveErrorKind::Truncated("its header")
    } else if head.starts_with(b"toc.dat\0") && head.len() < tar::BLOCK as usize {
        ArchiveErrorKind::Truncated("the head of a tar member")
    } else {
        ArchiveErrorKind::Foreign(foreign(head))
    };
    Err(ArchiveError::new(kind))
}

/// How an archive that cannot be read was changed on its way, by a sample of
/// it; `None` where nothing points to such a change.
///
/// Definitions have line feeds, and binary numbers have bytes that are not
/// UTF-8 (a compressed block at the latest): a sample in which every line feed
/// has a carriage return before it, or in which bytes beyond ASCII are there as
/// U+FFFD alone, did not come from `pg_dump`.
pub(super) fn recoding(sample: &[u8]) -> Option<Recoding> {
    const REPLACEMENT: &[u8] = "\u{fffd}".as_bytes();
    const FEW: usize = 3;

    let line_feeds = memchr::memchr_iter(b'\n', sample).count();
    let with_return = memchr::memmem::find_iter(sample, b"\r\n").count();
    if line_feeds >= FEW && line_feeds == with_return {
        return Some(Recoding::LineEnds);
    }
    let replaced = memchr::memmem::find_iter(sample, REPLACEMENT).count();
    // The sample may end within a character.
    let is_utf8 = std::str::from_utf8(sample).map_or_else(|e| e.error_len().is_none(), |_| true);
    (replaced >= FEW && is_utf8).then_some(Recoding::Utf8)
}

const fn compressed(name: &'static str, undo: &'static str) -> Foreign {
    Foreign::Compressed(Compressor { name, undo })
}

/// What files of other kinds begin with.
const SIGNATURES: &[(&[u8], Foreign)] = &[
    (&[0x1f, 0x8b], compressed("gzip", "gzip -d")),
    (&[0x1f, 0x9d], compressed("compress", "gzip -d")),
    (&[0x04, 0x22, 0x4d, 0x18], compressed("lz4", "lz4 -d")),
    (&[0x28, 0xb5, 0x2f, 0xfd], compressed("zstd", "zstd -d")),
    (b"\xfd7zXZ\0", compressed("xz", "xz -d")),
    (&[0x5d, 0x00, 0x00], compressed("lzma", "xz -d")),
    (b"BZh", compressed("bzip2", "bzip2 -d")),
    (b"LZIP", compressed("lzip", "lzip -d")),
    (b"\x89LZO\0", compressed("lzop", "lzop -d")),
    (b"\xff\x06\0\0sNaPpY", compressed("snappy", "snzip -d")),
    (b"PK\x03\x04", compressed("zip", "unzip")),
    (b"PK\x05\x06", compressed("zip", "unzip")),
    (b"7z\xbc\xaf\x27\x1c", compressed("7-Zip", "7z x")),
    (b"Rar!\x1a\x07", compressed("RAR", "unrar x")),
    (b"-----BEGIN PGP MESSAGE", Foreign::Encrypted("gpg")),
    (b"-----BEGIN AGE ENCRYPTED FILE", Foreign::Encrypted("age")),
    (b"age-encryption.org/", Foreign::Encrypted("age")),
    (b"Salted__", Foreign::Encrypted("openssl enc")),
    (b"$ANSIBLE_VAULT", Foreign::Encrypted("Ansible Vault")),
    (b"version https://git-lfs", Foreign::LfsPointer),
    (&[0xff, 0xfe], Foreign::Utf16),
    (&[0xfe, 0xff], Foreign::Utf16),
    (b"P\0G\0D\0M\0P\0", Foreign::Utf16),
    (b"\0P\0G\0D\0M\0P", Foreign::Utf16),
    (b"-\0-\0", Foreign::Utf16),
    (b"SQLite format 3\0", Foreign::OtherSystem("SQLite")),
    (b"-- MySQL dump", Foreign::OtherSystem("MySQL")),
    (b"-- MariaDB dump", Foreign::OtherSystem("MariaDB")),
    (b"/*M!999999", Foreign::OtherSystem("MariaDB")),
    (b";\n; Archive created at", Foreign::Listing),
];

fn foreign(head: &[u8]) -> Foreign {
    if head.is_empty() {
        return Foreign::Empty;
    }
    let signature = SIGNATURES.iter().find(|(signature, _)| head.starts_with(signature));
    if let Some((_, foreign)) = signature {
        return *foreign;
    }
    if is_pgp(head) {
        return Foreign::Encrypted("gpg");
    }
    if let Some(offset) = memchr::memmem::find(head, MAGIC) {
        let before = &head[..offset];
        if before == b"\xef\xbb\xbf" {
            return Foreign::Recoded(Recoding::Utf8);
        }
        return Foreign::Behind { offset, is_of_terminal: before.ends_with(b"\r\n") };
    }
    if head.len() >= tar::BLOCK as usize && head.iter().all(|&byte| byte == 0) {
        return Foreign::Zeros;
    }
    text(head)
}

/// The packets that a message of `OpenPGP` begins with: a session key encrypted
/// for a public key (tag 1, version 3 or 6) or by a passphrase (tag 3, version 4
/// to 6), in the old or new form of tags (RFC 9580, sections 4.2 and 5).
fn is_pgp(head: &[u8]) -> bool {
    match head {
        [0x84 | 0xc1, _, 3, ..] | [0x85, _, _, 3, ..] | [0xc1, 0xc0..=0xdf, _, 3 | 6, ..] => true,
        [0x8c | 0xc3, _, version, ..] => (4..=6).contains(version),
        _ => false,
    }
}

/// What a file is that has no signature, by the words that it begins with.
fn text(head: &[u8]) -> Foreign {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let has = |words: &[u8]| memchr::memmem::find(head, words).is_some();
    let begins = |words: &[&str]| {
        words.iter().any(|word| {
            head.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes()))
        })
    };
    if has(b"PostgreSQL database cluster dump") {
        Foreign::ClusterScript
    } else if has(b"-- PostgreSQL database dump") || begins(SQL) {
        Foreign::PlainScript
    } else if begins(&["pg_dump:", "pg_dumpall:"]) {
        Foreign::Messages
    } else if begins(&["<!doctype", "<html", "<?xml", "<error"]) {
        Foreign::WebPage
    } else if begins(&["{\"", "[{", "{\n", "{\r", "{ "]) {
        Foreign::Json
    } else {
        Foreign::Unknown
    }
}

/// What scripts begin with that are not as `pg_dump` made them.
const SQL: &[&str] = &[
    "--",
    "/*",
    "\\restrict",
    "\\connect",
    "\\set ",
    "set ",
    "begin;",
    "create ",
    "drop ",
    "alter ",
    "insert into ",
    "copy ",
    "select ",
    "do $",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn kind_of(head: &[u8]) -> Foreign {
        match recognise(head).unwrap_err().kind() {
            ArchiveErrorKind::Foreign(foreign) => *foreign,
            other => panic!("{other}"),
        }
    }

    /// The signatures by which each program's files begin.
    #[test]
    fn files_of_other_kinds_are_told_apart() {
        let name = |head: &[u8]| match kind_of(head) {
            Foreign::Compressed(Compressor { name, .. }) | Foreign::Encrypted(name) => name,
            other => panic!("{other:?}"),
        };
        for (head, program) in [
            (&b"\x1f\x8b\x08\0\0\0\0\0\0\x03"[..], "gzip"),
            (b"\x1f\x9d\x90P\x8e\x1c", "compress"),
            (b"\x04\x22\x4d\x18\x64\x40\xa7", "lz4"),
            (b"\x28\xb5\x2f\xfd\x04\x58", "zstd"),
            (b"\xfd7zXZ\0\0\x04\xe6\xd6\xb4F", "xz"),
            (b"\x5d\0\0\x80\0\xff\xff\xff\xff", "lzma"),
            (b"BZh91AY&SY\x94", "bzip2"),
            (b"LZIP\x01\x0c", "lzip"),
            (b"PK\x03\x04\x14\0\0\0\x08\0", "zip"),
            (b"7z\xbc\xaf\x27\x1c\0\x04", "7-Zip"),
            (b"Rar!\x1a\x07\x01\0", "RAR"),
            (b"\x8c\x0d\x04\x09\x03\x02", "gpg"),
            (b"\x85\x01\x8c\x03\x5f", "gpg"),
            (b"\x84\x5e\x03\x5f", "gpg"),
            (b"\xc1\xc0\x4c\x03\x5f", "gpg"),
            (b"-----BEGIN PGP MESSAGE-----\n\n", "gpg"),
            (b"age-encryption.org/v1\n-> X25519 ", "age"),
            (b"Salted__\x12\x34", "openssl enc"),
        ] {
            assert_eq!(name(head), program, "{}", head.escape_ascii());
        }
    }

    #[test]
    fn text_is_told_apart() {
        for (head, expected) in [
            (&b"--\n-- PostgreSQL database dump\n--\n"[..], Foreign::PlainScript),
            (b"\xef\xbb\xbf--\r\n-- PostgreSQL database dump\r\n", Foreign::PlainScript),
            (b"SET statement_timeout = 0;\n", Foreign::PlainScript),
            (b"Create Table t (a int);\n", Foreign::PlainScript),
            (b"--\n-- PostgreSQL database cluster dump\n--\n", Foreign::ClusterScript),
            (b"-- MySQL dump 10.13  Distrib 8.0.36\n", Foreign::OtherSystem("MySQL")),
            (b";\n; Archive created at 2026-07-01 12:00:00 UTC\n", Foreign::Listing),
            (b"pg_dump: error: connection to server failed\n", Foreign::Messages),
            (b"\xff\xfeP\0G\0D\0M\0P\0\x01\0", Foreign::Utf16),
            (b"\xff\xfe-\0-\0\r\0\n\0", Foreign::Utf16),
            (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d\n", Foreign::LfsPointer),
            (b"\n<!DOCTYPE html>\n<html>", Foreign::WebPage),
            (b"<?xml version=\"1.0\"?><Error><Code>AccessDenied", Foreign::WebPage),
            (b"{\"message\": \"Not Found\"}", Foreign::Json),
            (b"", Foreign::Empty),
            (&[0; 600], Foreign::Zeros),
            (b"MZ\x90\0", Foreign::Unknown),
        ] {
            assert_eq!(kind_of(head), expected, "{}", head.escape_ascii());
        }
    }

    #[test]
    fn archives_are_found_behind_messages() {
        let behind = |text: &str| kind_of(format!("{text}PGDMP\x01\x0e").as_bytes());
        let offset = 46;
        let text = "pg_dump: warning: there are circular keys ...\n";
        assert_eq!(behind(text), Foreign::Behind { offset, is_of_terminal: false });
        assert!(Foreign::Behind { offset, is_of_terminal: false }.to_string().contains("+47 FILE"));
        assert_eq!(behind("Password: \r\n"), Foreign::Behind { offset: 12, is_of_terminal: true });
        assert_eq!(behind("\u{feff}"), Foreign::Recoded(Recoding::Utf8));
    }

    #[test]
    fn what_is_cut_off_is_incomplete() {
        let kind = |head: &[u8]| recognise(head).unwrap_err().to_string();
        assert!(kind(b"PGD").contains("incomplete"));
        assert!(kind(b"toc.dat\0\0").contains("incomplete"));
        assert_eq!(kind_of(b"PGDMP\x01\x0e\x00\x04\x08\x03"), Foreign::TocAlone);
        assert_eq!(recognise(b"PGDMP").unwrap(), Format::Custom);
    }

    #[test]
    fn recodings_leave_traces() {
        let sample = b"CREATE TABLE t (\n    a int\n);\n\xff\xfe";
        assert_eq!(recoding(sample), None);
        let text = String::from_utf8_lossy(sample);
        assert_eq!(recoding(text.replace('\n', "\r\n").as_bytes()), Some(Recoding::LineEnds));
        assert_eq!(recoding(text.repeat(2).as_bytes()), Some(Recoding::Utf8));
        assert_eq!(recoding(b"a\r\nb\nc\r\nd\r\n"), None, "a function's own line ends");
    }
}
