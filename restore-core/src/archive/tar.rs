//! A tar archive: the files of a directory archive as members of one file.
//!
//! `pg_backup_tar.c`; the heads of members are POSIX ustar, with sizes from
//! 8 GiB in base 256 as GNU tar writes them (`src/port/tar.c`).

use std::collections::HashMap;
use std::io::{BufRead, Read, Seek, Take};

use super::error::{ArchiveError, ArchiveErrorKind};
use super::source::{Source, SourceReader};

/// What heads and contents of members are padded to.
pub(super) const BLOCK: u64 = 512;

/// The members of a tar file, listed once.
#[derive(Debug)]
pub(super) struct Tar {
    source: Source,
    members: HashMap<String, Member>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Member {
    offset: u64,
    size: u64,
}

/// Whether `head` is the head of a tar member.
pub(super) fn is_member_head(head: &[u8]) -> bool {
    head.len() >= BLOCK as usize && {
        let mut block = [0; BLOCK as usize];
        block.copy_from_slice(&head[..BLOCK as usize]);
        octal(&block[148..156]) == Some(checksum(&block))
    }
}

impl Tar {
    /// Reads the heads of all members; their contents are passed over.
    pub(super) fn list(source: Source) -> Result<Self, ArchiveError> {
        let length = source.whole_length().map_err(ArchiveError::from_io)?;
        let mut reader = source.reader_at(0).map_err(ArchiveError::from_io)?;
        let mut members = HashMap::new();
        let mut position = 0;
        loop {
            let mut head = [0; BLOCK as usize];
            read_head(&mut reader, &mut head, position)?;
            if head.iter().all(|&byte| byte == 0) {
                return Ok(Self { source, members });
            }
            let (name, size) = parse_head(&head).map_err(|error| error.at(position))?;
            let offset = position + BLOCK;
            // Sizes are claims; the padding must be there too.
            let padded = size.checked_next_multiple_of(BLOCK);
            let Some(next) = padded.and_then(|padded| offset.checked_add(padded)) else {
                let what = format!("the tar member {name:?} claims {size} bytes");
                return Err(ArchiveError::malformed(what).at(position));
            };
            if next > length {
                let kind = ArchiveErrorKind::Truncated("a tar member");
                return Err(ArchiveError::new(kind).at(length));
            }
            // The first of a name counts, as `_tarPositionTo` finds it.
            members.entry(name).or_insert(Member { offset, size });
            reader.seek_relative((next - offset).cast_signed()).map_err(ArchiveError::from_io)?;
            position = next;
        }
    }

    /// Whether a member of this name is there.
    pub(super) fn has(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    /// How many bytes the member has.
    pub(super) fn size(&self, name: &str) -> Result<u64, ArchiveError> {
        Ok(self.member(name)?.size)
    }

    /// Opens the member for reading.
    pub(super) fn open(&self, name: &str) -> Result<Take<SourceReader>, ArchiveError> {
        let member = self.member(name)?;
        let reader = self.source.reader_at(member.offset).map_err(ArchiveError::from_io)?;
        Ok(reader.take(member.size))
    }

    fn member(&self, name: &str) -> Result<Member, ArchiveError> {
        self.members
            .get(name)
            .copied()
            .ok_or_else(|| ArchiveError::new(ArchiveErrorKind::MissingData(Some(name.to_owned()))))
    }
}

fn read_head(
    reader: &mut impl BufRead,
    head: &mut [u8; BLOCK as usize],
    position: u64,
) -> Result<(), ArchiveError> {
    reader.read_exact(head).map_err(|error| match error.kind() {
        std::io::ErrorKind::UnexpectedEof => {
            ArchiveError::new(ArchiveErrorKind::Truncated("the head of a tar member")).at(position)
        }
        _ => ArchiveError::from_io(error),
    })
}

fn parse_head(head: &[u8; BLOCK as usize]) -> Result<(String, u64), ArchiveError> {
    if octal(&head[148..156]) != Some(checksum(head)) {
        return Err(ArchiveError::malformed("a tar member's checksum does not match its head"));
    }
    let name = &head[..100];
    let end = name.iter().position(|&byte| byte == 0).unwrap_or(name.len());
    let name = String::from_utf8_lossy(&name[..end]).into_owned();
    let size = number(&head[124..136])
        .ok_or_else(|| ArchiveError::malformed(format!("the tar member {name:?} has no size")))?;
    Ok((name, size))
}

/// The sum of the head's bytes with its own field taken as spaces.
fn checksum(head: &[u8; BLOCK as usize]) -> u64 {
    let all: u64 = head.iter().map(|&byte| u64::from(byte)).sum();
    let own: u64 = head[148..156].iter().map(|&byte| u64::from(byte)).sum();
    all - own + 8 * u64::from(b' ')
}

/// Octal digits, or base 256 where the first bit is set (`read_tar_number`).
fn number(field: &[u8]) -> Option<u64> {
    if field[0] & 0x80 == 0 {
        return octal(field);
    }
    let first = u64::from(field[0] & 0x7f);
    field[1..]
        .iter()
        .try_fold(first, |number, &byte| number.checked_mul(256)?.checked_add(u64::from(byte)))
}

/// Octal digits between optional spaces, up to a NUL or space.
fn octal(field: &[u8]) -> Option<u64> {
    let text = field.trim_ascii_start();
    let end = text.iter().position(|byte| !(b'0'..=b'7').contains(byte)).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    if digits.is_empty() || rest.first().is_some_and(|byte| !matches!(byte, b' ' | 0)) {
        return None;
    }
    digits
        .iter()
        .try_fold(0u64, |number, digit| number.checked_mul(8)?.checked_add(u64::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_come_in_two_notations() {
        assert_eq!(number(b"00000000144 "), Some(100));
        assert_eq!(number(b"00000000144\0"), Some(100));
        assert_eq!(number(b"777777777777"), Some((1 << 36) - 1));
        assert_eq!(number(b"\x80\0\0\0\0\0\0\x02\0\0\0\0"), Some(8 << 30));
        assert_eq!(number(b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), None);
        assert_eq!(number(b"twelve bytes"), None);
        assert_eq!(number(b"0000000014 4"), Some(12));
    }
}
