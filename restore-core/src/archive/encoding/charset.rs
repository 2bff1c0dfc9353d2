//! How bytes of an encoding become characters.

use encoding_rs::Encoding;

use super::cns11643;
use crate::spelling::spell;

/// A character repertoire with its encoding.
#[derive(Clone, Copy)]
pub(super) enum Charset {
    /// UTF-8, and encodings that PostgreSQL does not convert to UTF-8.
    Utf8,
    /// None: what is not UTF-8 is spelled byte by byte.
    Spelled,
    /// One that `encoding_rs` has, or nearly.
    Table(Table),
    /// `EUC_TW`, by way of `BIG5`.
    Cns11643(Table),
}

/// A table of `encoding_rs`, with PostgreSQL's differences from it.
#[derive(Clone, Copy)]
pub(super) struct Table {
    pub(super) base: &'static Encoding,
    pub(super) lengths: Lengths,
    /// Codes above it are not those of `base`, and are not known here.
    pub(super) last: u32,
    pub(super) runs: &'static [Run],
    /// Characters of consecutive codes.
    pub(super) lists: &'static [(u32, &'static str)],
}

/// Consecutive codes that stand for consecutive characters.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    pub(super) first: u32,
    pub(super) last: u32,
    pub(super) character: u32,
}

/// How many bytes a character takes that is not ASCII
/// (`src/common/wchar.c`, `pg_*_mblen`).
#[derive(Debug, Clone, Copy)]
pub(super) enum Lengths {
    One,
    Two,
    /// One byte for half-width katakana, else two.
    ShiftJis,
    /// Two bytes; more behind the single shifts 0x8E and 0x8F.
    Euc {
        shift2: usize,
        shift3: usize,
    },
    /// Four bytes where the second is a digit.
    Gb18030,
}

impl Lengths {
    fn of(self, bytes: &[u8]) -> usize {
        match (self, bytes) {
            (Self::One, _) | (Self::ShiftJis, [0xa1..=0xdf, ..]) => 1,
            (Self::Euc { shift2, .. }, [0x8e, ..]) => shift2,
            (Self::Euc { shift3, .. }, [0x8f, ..]) => shift3,
            (Self::Gb18030, [_, b'0'..=b'9', ..]) => 4,
            _ => 2,
        }
    }
}

impl Charset {
    /// The text of `bytes`, where a byte that is not valid is the Latin-1
    /// character of its number.
    pub(super) fn decode(self, bytes: &[u8]) -> String {
        match self {
            Self::Utf8 => decode_utf8(bytes),
            Self::Spelled => spell(bytes),
            Self::Table(table) => decode_with(bytes, table.lengths, |code| table.character(code)),
            Self::Cns11643(big5) => {
                let lengths = Lengths::Euc { shift2: 4, shift3: 3 };
                decode_with(bytes, lengths, |code| {
                    big5.character(&cns11643::to_big5(number(code))?.to_be_bytes())
                })
            }
        }
    }
}

impl Table {
    /// The character of one code.
    fn character(&self, code: &[u8]) -> Option<char> {
        let number = number(code);
        if number > self.last {
            return None;
        }
        if let Some(run) = self.runs.iter().find(|run| (run.first..=run.last).contains(&number)) {
            return char::from_u32(run.character + (number - run.first));
        }
        let listed = self.lists.iter().find_map(|(first, characters)| {
            characters.chars().nth(number.checked_sub(*first)? as usize)
        });
        if listed.is_some() {
            return listed;
        }
        let text = self.base.decode_without_bom_handling_and_without_replacement(code)?;
        let mut characters = text.chars();
        characters.next().filter(|_| characters.next().is_none())
    }
}

/// The bytes of a code as one number.
fn number(code: &[u8]) -> u32 {
    code.iter().fold(0, |number, &byte| (number << 8) | u32::from(byte))
}

fn decode_utf8(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().copied().map(char::from));
    }
    text
}

fn decode_with(
    bytes: &[u8],
    lengths: Lengths,
    character: impl Fn(&[u8]) -> Option<char>,
) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    let mut rest = bytes;
    while let Some(&first) = rest.first() {
        let length = lengths.of(rest);
        let known = rest.get(..length).filter(|_| !first.is_ascii()).and_then(&character);
        let (next, length) = known.map_or((char::from(first), 1), |known| (known, length));
        text.push(next);
        rest = &rest[length..];
    }
    text
}
