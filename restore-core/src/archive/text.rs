//! The archive's strings as text.
//!
//! An archive is written in the client encoding of the dump, by default that
//! of the database: mostly UTF-8, but `LATIN1` and `SQL_ASCII` databases exist.
//! Strings that are UTF-8 are taken as such. Where one string of an item is
//! not, all of that item's are read as Latin-1, byte for character, which
//! loses nothing: the bytes can be had back, as `pg_restore -l` prints them.

use std::borrow::Cow;

/// Strings that were decoded together.
pub(super) struct Decoded<const N: usize> {
    pub(super) texts: [Option<String>; N],
    /// Whether they were read as Latin-1.
    pub(super) is_latin1: bool,
}

/// Decodes strings of one item by one rule.
pub(super) fn decode_all<const N: usize>(strings: [Option<&[u8]>; N]) -> Decoded<N> {
    let mut is_latin1 = false;
    let texts = strings.map(|bytes| {
        let text = std::str::from_utf8(bytes?);
        is_latin1 |= text.is_err();
        text.ok().map(str::to_owned)
    });
    if is_latin1 {
        let texts =
            strings.map(|bytes| bytes.map(|bytes| bytes.iter().copied().map(char::from).collect()));
        return Decoded { texts, is_latin1 };
    }
    Decoded { texts, is_latin1 }
}

/// The bytes that `text` was decoded from.
pub(super) fn encode(text: &str, is_latin1: bool) -> Cow<'_, [u8]> {
    if is_latin1 {
        // Every character came from one byte.
        text.chars().map(|c| c as u8).collect::<Vec<u8>>().into()
    } else {
        text.as_bytes().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back() {
        for strings in [
            [Some(b"caf\xc3\xa9".to_vec()), Some(b"plain".to_vec())],
            [Some(b"caf\xe9".to_vec()), Some("caf\u{e9}".as_bytes().to_vec())],
            [None, Some(vec![])],
        ] {
            let decoded = decode_all(strings.each_ref().map(Option::as_deref));
            let back = decoded
                .texts
                .map(|text| text.map(|text| encode(&text, decoded.is_latin1).into_owned()));
            assert_eq!(back, strings);
        }
        let latin1 = decode_all([Some(&b"caf\xe9"[..])]);
        assert_eq!(latin1.texts[0].as_deref(), Some("caf\u{e9}"));
    }
}
