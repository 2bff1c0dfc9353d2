//! Bytes of no encoding, written as text and back.
//!
//! Archives in `SQL_ASCII` hold whatever bytes were stored, and SQL has to reach
//! the server with the same ones, while every text here is UTF-8. What is UTF-8
//! stands for itself; every other byte is spelled as a character of the private
//! use area, U+F780 to U+F7FF. Bytes that already are such a character in UTF-8
//! are spelled byte by byte, so that each text stands for one sequence of bytes.

/// Spells the byte 0x80; those above follow.
const FIRST: u32 = 0xf780;
/// Spells the byte 0xff.
const LAST: u32 = 0xf7ff;
/// The first byte of each spelling in UTF-8: U+F780 is EF 9E 80, U+F7FF is EF 9F BF.
const LEAD: u8 = 0xef;

/// Spells bytes.
pub fn spell(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    let spell_each = |text: &mut String, bytes: &[u8]| {
        text.extend(
            bytes.iter().filter_map(|&byte| char::from_u32(FIRST - 0x80 + u32::from(byte))),
        );
    };
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            if (FIRST..=LAST).contains(&u32::from(character)) {
                spell_each(&mut text, character.encode_utf8(&mut [0; 4]).as_bytes());
            } else {
                text.push(character);
            }
        }
        spell_each(&mut text, chunk.invalid());
    }
    text
}

/// Appends the bytes that a text in UTF-8 stands for.
pub(crate) fn append_bytes(text: &[u8], bytes: &mut impl Extend<u8>) {
    let mut rest = text;
    while let Some(place) = memchr::memchr(LEAD, rest) {
        let (before, found) = rest.split_at(place);
        bytes.extend(before.iter().copied());
        let (length, byte) = match *found {
            [LEAD, 0x9e, last @ 0x80..=0xbf, ..] => (3, last),
            [LEAD, 0x9f, last @ 0x80..=0xbf, ..] => (3, last + 0x40),
            _ => (1, LEAD),
        };
        bytes.extend([byte]);
        rest = &found[length..];
    }
    bytes.extend(rest.iter().copied());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bytes_of(text: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        append_bytes(text.as_bytes(), &mut bytes);
        bytes
    }

    #[test]
    fn what_is_no_utf_8_is_spelled() {
        assert_eq!(spell(b"gr\xc3\xb6\xc3\x9fer"), "größer");
        assert_eq!(spell(b"gr\xf6\xdfer"), "gr\u{f7f6}\u{f7df}er");
        assert_eq!(spell("\u{e000}".as_bytes()), "\u{e000}");
        assert_eq!(spell("\u{f7f6}".as_bytes()), "\u{f7ef}\u{f79f}\u{f7b6}");
    }

    #[test]
    fn every_byte_and_every_spelling_comes_back() {
        let every_byte: Vec<u8> = (0..=u8::MAX).collect();
        assert_eq!(bytes_of(&spell(&every_byte)), every_byte);
        let spellings: String = (FIRST - 1..=LAST + 1).filter_map(char::from_u32).collect();
        assert_eq!(bytes_of(&spell(spellings.as_bytes())), spellings.as_bytes());
    }

    proptest! {
        #[test]
        fn any_bytes_come_back(bytes in proptest::collection::vec(
            prop_oneof![any::<u8>(), Just(0xef), Just(0x9e), Just(0x9f), Just(0xbf)], 0..200,
        )) {
            prop_assert_eq!(bytes_of(&spell(&bytes)), bytes);
        }
    }
}
