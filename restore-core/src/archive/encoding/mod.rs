//! The encoding of an archive's strings, and their text.
//!
//! `pg_dump` writes names, definitions and COPY data in the client encoding of
//! the dump, by default that of the database, and says in the item `ENCODING`
//! which one that is. Text here is what a UTF-8 server calls the same things:
//! the conversions are PostgreSQL's own (15, `src/backend/utils/mb`), not those
//! of web browsers, wherever the two differ.

mod charset;
mod cns11643;
mod tables;

use std::fmt;

use charset::Charset;

/// The encoding that an archive declares.
#[derive(Clone, Copy)]
pub struct TextEncoding {
    name: &'static str,
    charset: Charset,
}

impl TextEncoding {
    /// By which PostgreSQL takes bytes as they are. So it is with an archive
    /// that declares no encoding, or one that is not known here.
    pub const SQL_ASCII: Self = Self { name: "SQL_ASCII", charset: Charset::Utf8 };

    /// No encoding: texts stand for their bytes ([`crate::spelling`]), which a
    /// server is to receive as they are.
    pub(super) const BYTES: Self = Self { name: "SQL_ASCII", charset: Charset::Spelled };

    /// The encoding that PostgreSQL knows by this name or alias, in any
    /// spelling that it accepts: `WIN1251`, `windows-1251`, `Win`.
    pub fn named(name: &str) -> Option<Self> {
        let key: String = name
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .map(|c| c.to_ascii_lowercase())
            .collect();
        tables::find(&key).map(|(name, charset)| Self { name, charset })
    }

    /// The encoding that `SET client_encoding = 'NAME';` names.
    pub(super) fn of_definition(definition: &[u8]) -> Option<Self> {
        let mut parts = definition.split(|&byte| byte == b'\'').skip(1);
        Self::named(std::str::from_utf8(parts.next()?).ok()?)
    }

    /// PostgreSQL's name for it.
    pub fn name(self) -> &'static str {
        self.name
    }

    /// Whether its texts reach a server for certain only as bytes: PostgreSQL
    /// converts nothing from or to `SQL_ASCII`, and of the others not every
    /// character is known here. Further encodings that are not wholly known
    /// (`BIG5`, `GB18030`) have ASCII within characters, which would spoil quoted
    /// strings.
    pub fn is_sent_in_bytes(self) -> bool {
        matches!(self.name, "SQL_ASCII" | "MULE_INTERNAL" | "EUC_TW" | "EUC_JIS_2004")
    }

    /// The text of `bytes`.
    ///
    /// Every string has one: a byte that is not valid in the encoding becomes
    /// the Latin-1 character of its number, and the text around it is not
    /// affected, so that a name is written the same wherever it occurs. The
    /// bytes of `SQL_ASCII`, which may be anything, are taken for UTF-8.
    pub fn decode(self, bytes: &[u8]) -> String {
        match std::str::from_utf8(bytes) {
            Ok(text) if text.is_ascii() => text.to_owned(),
            _ => self.charset.decode(bytes),
        }
    }

    /// The text of a string that did not come from the server, such as the
    /// name of the database that `pg_dump` was called with: it has the
    /// encoding of the terminal, today mostly UTF-8.
    pub(super) fn decode_outside(self, bytes: &[u8]) -> String {
        std::str::from_utf8(bytes).map_or_else(|_| self.decode(bytes), str::to_owned)
    }
}

impl fmt::Debug for TextEncoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl PartialEq for TextEncoding {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for TextEncoding {}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(encoding: &str, bytes: &[u8]) -> String {
        TextEncoding::named(encoding).unwrap().decode(bytes)
    }

    /// What PostgreSQL 15 says: `SELECT convert_from(BYTES, ENCODING)`.
    #[test]
    fn text_is_what_postgresql_makes_of_it() {
        for (encoding, bytes, text) in [
            ("UTF8", "Größe 表".as_bytes(), "Größe 表"),
            ("WIN1251", b"\xd1\xef\xf0\xe0\xe2\xee\xf7\xed\xe8\xea", "Справочник"),
            ("WIN1250", b"\x9c\xbf\xea", "śżę"),
            ("WIN1252", b"\x80 \x9c", "€ œ"),
            ("WIN1258", b"\xf0\xd5", "đƠ"),
            ("WIN866", b"\x8f\xe0\xa8", "При"),
            ("WIN874", b"\xca\xc7\xd1\xca", "สวัส"),
            ("KOI8R", b"\xf2\xd5\xd3", "Рус"),
            ("KOI8U", b"\xa4\xae\xbe", "є╝╬"),
            ("LATIN1", b"gr\xfc\xdfe \x80\x9f", "grüße \u{80}\u{9f}"),
            ("LATIN1", b"\xc3\xbc", "Ã¼"),
            ("LATIN2", b"\xb1\xe6\xea", "ąćę"),
            ("LATIN5", b"\xfd\xfe\x80", "ış\u{80}"),
            ("LATIN9", b"\xa4\xbd", "€œ"),
            ("LATIN10", b"\xa4\xaa", "€Ș"),
            ("ISO_8859_7", b"\xc1\xe8", "Αθ"),
            ("EUC_JP", b"\xc9\xbd\xa1\xc1\x8e\xb1\x8f\xb0\xa1", "表～ｱ丂"),
            ("EUC_JP", b"\x8f\xf3\xf3\x8f\xf4\xfe\x8f\xa2\xc3", "ⅰ黑￤"),
            ("EUC_JP", b"\x8f\xf4\xd6\x8f\xf4\xed\x8f\xf4\xfd", "\u{fa19}\u{fa26}\u{fa2d}"),
            ("SJIS", b"\x95\x5c\x81\x60\xb1\xfa\x40", "表～ｱⅰ"),
            ("SHIFT_JIS_2004", b"\x95\x5c\x81\x60", "表〜"),
            ("EUC_JIS_2004", b"\xc9\xbd\xa1\xc1", "表〜"),
            ("EUC_CN", b"\xb1\xed\xa1\xaa", "表―"),
            ("GBK", b"\xb1\xed\x81\x5c", "表乗"),
            ("GB18030", b"\xb1\xed\x81\x30\x84\x36", "表¥"),
            ("EUC_KR", b"\xc7\xd1\xb1\xdb", "한글"),
            ("UHC", b"\xc7\xd1\x8c\x63\xc9\xa1", "한똠\u{e000}"),
            ("BIG5", b"\xaa\xed\xa5\x5c\xc7\x40", "表功エ"),
            ("EUC_TW", b"\xc4\xe3\x8e\xa2\xa1\xa1\x8e\xa1\xc4\xe3", "中乂中"),
        ] {
            assert_eq!(decode(encoding, bytes), text, "{encoding}");
        }
    }

    #[test]
    fn names_are_known_in_every_spelling() {
        let name = |text| TextEncoding::named(text).map(TextEncoding::name);
        assert_eq!(name("WIN1251"), Some("WIN1251"));
        assert_eq!(name("windows-1251"), Some("WIN1251"));
        assert_eq!(name("ISO 8859-9"), Some("LATIN5"));
        assert_eq!(name("unicode"), Some("UTF8"));
        assert_eq!(name("alt"), Some("WIN866"));
        assert_eq!(name("KLINGON"), None);
        let definition = b"SET client_encoding = 'EUC_JP';\n";
        assert_eq!(TextEncoding::of_definition(definition).unwrap().name(), "EUC_JP");
        assert_eq!(TextEncoding::of_definition(b"SET client_encoding = EUC_JP;\n"), None);
    }

    #[test]
    fn bytes_that_are_no_text_do_not_spoil_their_neighbours() {
        assert_eq!(decode("SQL_ASCII", b"Jos\xe9 gr\xc3\xbc\xc3\x9fe"), "José grüße");
        assert_eq!(decode("UTF8", b"a\xff\xc3"), "aÿÃ");
        assert_eq!(decode("SJIS", b"\x95\x5c\x95"), "表\u{95}", "cut off");
        assert_eq!(decode("SJIS", b"\x95\n\x95\x5c"), "\u{95}\n表");
        assert_eq!(decode("EUC_JP", b"\x8f\xb0 \xc9\xbd"), "\u{8f}° 表");
        assert_eq!(decode("WIN1251", b"\x98"), "\u{98}");
        assert_eq!(decode("GB18030", b"\x81\x30"), "\u{81}0");
        assert_eq!(decode("MULE_INTERNAL", b"\x81\xe9"), "\u{81}é");
    }

    #[test]
    fn any_bytes_have_a_text() {
        let every_pair: Vec<u8> = (0..=u16::MAX).flat_map(u16::to_be_bytes).collect();
        for name in tables::NAMES {
            let encoding = TextEncoding::named(name).unwrap();
            assert_eq!(encoding.name(), name);
            for bytes in [&every_pair[..], &every_pair[1..]] {
                assert!(encoding.decode(bytes).chars().count() > 60_000, "{name}");
            }
        }
    }
}
