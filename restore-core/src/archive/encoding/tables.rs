//! The encodings that PostgreSQL knows, by its names.
//!
//! Names and aliases: `src/common/encnames.c`, `pg_encname_tbl`. Where a table of
//! `encoding_rs` and PostgreSQL 15 differ was found by asking both for every
//! code (`convert_from`).

use encoding_rs::Encoding;

use super::charset::{Charset, Lengths, Run, Table};

/// PostgreSQL's names for its encodings, from version 8.0 on.
#[cfg(test)]
pub(super) const NAMES: [&str; 42] = [
    "SQL_ASCII",
    "EUC_JP",
    "EUC_CN",
    "EUC_KR",
    "EUC_TW",
    "EUC_JIS_2004",
    "UTF8",
    "MULE_INTERNAL",
    "LATIN1",
    "LATIN2",
    "LATIN3",
    "LATIN4",
    "LATIN5",
    "LATIN6",
    "LATIN7",
    "LATIN8",
    "LATIN9",
    "LATIN10",
    "WIN1256",
    "WIN1258",
    "WIN866",
    "WIN874",
    "KOI8R",
    "WIN1251",
    "WIN1252",
    "ISO_8859_5",
    "ISO_8859_6",
    "ISO_8859_7",
    "ISO_8859_8",
    "WIN1250",
    "WIN1253",
    "WIN1254",
    "WIN1255",
    "WIN1257",
    "KOI8U",
    "SJIS",
    "BIG5",
    "GBK",
    "UHC",
    "GB18030",
    "JOHAB",
    "SHIFT_JIS_2004",
];

/// The encoding whose name or alias is `key`, in lower case and without
/// punctuation.
pub(super) fn find(key: &str) -> Option<(&'static str, Charset)> {
    Some(match key {
        "sqlascii" => ("SQL_ASCII", Charset::Utf8),
        "eucjp" => ("EUC_JP", Charset::Table(EUC_JP)),
        "euccn" => ("EUC_CN", Charset::Table(EUC_CN)),
        "euckr" => ("EUC_KR", Charset::Table(EUC_KR)),
        "euctw" => ("EUC_TW", Charset::Cns11643(BIG5)),
        "eucjis2004" => ("EUC_JIS_2004", Charset::Table(EUC_JIS_2004)),
        "utf8" | "unicode" => ("UTF8", Charset::Utf8),
        "muleinternal" => ("MULE_INTERNAL", Charset::Utf8),
        "latin1" | "iso88591" => ("LATIN1", single(encoding_rs::WINDOWS_1252, C1_AND_LATIN1)),
        "latin2" | "iso88592" => ("LATIN2", single(encoding_rs::ISO_8859_2, &[])),
        "latin3" | "iso88593" => ("LATIN3", single(encoding_rs::ISO_8859_3, &[])),
        "latin4" | "iso88594" => ("LATIN4", single(encoding_rs::ISO_8859_4, &[])),
        "latin5" | "iso88599" => ("LATIN5", single(encoding_rs::WINDOWS_1254, C1)),
        "latin6" | "iso885910" => ("LATIN6", single(encoding_rs::ISO_8859_10, &[])),
        "latin7" | "iso885913" => ("LATIN7", single(encoding_rs::ISO_8859_13, &[])),
        "latin8" | "iso885914" => ("LATIN8", single(encoding_rs::ISO_8859_14, &[])),
        "latin9" | "iso885915" => ("LATIN9", single(encoding_rs::ISO_8859_15, &[])),
        "latin10" | "iso885916" => ("LATIN10", single(encoding_rs::ISO_8859_16, &[])),
        "win1256" | "windows1256" => ("WIN1256", single(encoding_rs::WINDOWS_1256, &[])),
        "win1258" | "windows1258" | "abc" | "tcvn" | "tcvn5712" | "vscii" => {
            ("WIN1258", single(encoding_rs::WINDOWS_1258, &[]))
        }
        "win866" | "windows866" | "alt" => ("WIN866", single(encoding_rs::IBM866, &[])),
        "win874" | "windows874" => ("WIN874", single(encoding_rs::WINDOWS_874, &[])),
        "koi8r" | "koi8" => ("KOI8R", single(encoding_rs::KOI8_R, &[])),
        "win1251" | "windows1251" | "win" => ("WIN1251", single(encoding_rs::WINDOWS_1251, &[])),
        "win1252" | "windows1252" => ("WIN1252", single(encoding_rs::WINDOWS_1252, &[])),
        "iso88595" => ("ISO_8859_5", single(encoding_rs::ISO_8859_5, &[])),
        "iso88596" => ("ISO_8859_6", single(encoding_rs::ISO_8859_6, &[])),
        "iso88597" => ("ISO_8859_7", single(encoding_rs::ISO_8859_7, &[])),
        "iso88598" => ("ISO_8859_8", single(encoding_rs::ISO_8859_8, &[])),
        "win1250" | "windows1250" => ("WIN1250", single(encoding_rs::WINDOWS_1250, &[])),
        "win1253" | "windows1253" => ("WIN1253", single(encoding_rs::WINDOWS_1253, &[])),
        "win1254" | "windows1254" => ("WIN1254", single(encoding_rs::WINDOWS_1254, &[])),
        "win1255" | "windows1255" => ("WIN1255", single(encoding_rs::WINDOWS_1255, &[])),
        "win1257" | "windows1257" => ("WIN1257", single(encoding_rs::WINDOWS_1257, &[])),
        "koi8u" => ("KOI8U", single(encoding_rs::KOI8_U, RFC_2319)),
        "sjis" | "mskanji" | "shiftjis" | "win932" | "windows932" => ("SJIS", Charset::Table(SJIS)),
        "big5" | "win950" | "windows950" => ("BIG5", Charset::Table(BIG5)),
        "gbk" | "win936" | "windows936" => ("GBK", Charset::Table(GBK)),
        "uhc" | "win949" | "windows949" => ("UHC", Charset::Table(UHC)),
        "gb18030" => ("GB18030", Charset::Table(GB18030)),
        "johab" => ("JOHAB", Charset::Utf8),
        "shiftjis2004" => ("SHIFT_JIS_2004", Charset::Table(SHIFT_JIS_2004)),
        _ => return None,
    })
}

/// ISO 8859 has control characters where Windows' code pages have letters.
const C1: &[Run] = &[run(0x80, 0x9f, 0x80)];
const C1_AND_LATIN1: &[Run] = &[run(0x80, 0xff, 0x80)];

/// Box drawings where `encoding_rs` has a letter of Belarusian.
const RFC_2319: &[Run] = &[run(0xae, 0xae, 0x255d), run(0xbe, 0xbe, 0x256c)];

const fn run(first: u32, last: u32, character: u32) -> Run {
    Run { first, last, character }
}

fn single(base: &'static Encoding, runs: &'static [Run]) -> Charset {
    Charset::Table(Table { base, lengths: Lengths::One, last: u32::MAX, runs, lists: &[] })
}

const GBK: Table = Table {
    base: &encoding_rs::GBK_INIT,
    lengths: Lengths::Two,
    last: u32::MAX,
    runs: &[],
    lists: &[],
};

/// PostgreSQL 15 has the GB 18030 of 2000, `encoding_rs` that of 2022: twenty
/// characters, rare ones, moved out of the private use area between them.
const GB18030: Table = Table { base: &encoding_rs::GB18030_INIT, lengths: Lengths::Gb18030, ..GBK };

const EUC_CN: Table =
    Table { runs: &[run(0xa1a4, 0xa1a4, 0x30fb), run(0xa1aa, 0xa1aa, 0x2015)], ..GBK };

const EUC_KR: Table =
    Table { base: &encoding_rs::EUC_KR_INIT, runs: &[run(0xa2e8, 0xa2e8, 0x327e)], ..GBK };

/// With the characters that users define, in the private use area.
const UHC: Table = Table {
    runs: &[run(0xa2e8, 0xa2e8, 0x327e), run(0xc9a1, 0xc9fe, 0xe000), run(0xfea1, 0xfefe, 0xe05e)],
    ..EUC_KR
};

const SJIS: Table = Table { base: &encoding_rs::SHIFT_JIS_INIT, lengths: Lengths::ShiftJis, ..GBK };

/// JIS X 0208 within JIS X 0213; what the latter adds is not known here.
const SHIFT_JIS_2004: Table = Table {
    last: 0xecfc,
    runs: &[
        run(0x815c, 0x815c, 0x2014),
        run(0x815f, 0x815f, 0x5c),
        run(0x8160, 0x8160, 0x301c),
        run(0x8161, 0x8161, 0x2016),
        run(0x817c, 0x817c, 0x2212),
        run(0x8191, 0x8192, 0xa2),
        run(0x81ca, 0x81ca, 0xac),
    ],
    ..SJIS
};

/// With IBM's extensions, which `encoding_rs` has in Shift JIS alone. Compatibility
/// ideographs are escaped: as text they would not survive normalisation.
const EUC_JP: Table = Table {
    base: &encoding_rs::EUC_JP_INIT,
    lengths: Lengths::Euc { shift2: 2, shift3: 3 },
    runs: &[run(0x8f_a2c3, 0x8f_a2c3, 0xffe4)],
    lists: &[
        (0x8f_f3f3, "ⅰⅱⅲⅳⅴⅵⅶⅷⅸⅹⅠⅡ"),
        (
            0x8f_f4a1,
            "ⅢⅣⅤⅥⅦⅧⅨⅩ＇＂㈱№℡炻仼僴凬匇匤\u{fa0e}咊坙\u{fa0f}\u{fa10}增寬峵嵓\
             \u{fa11}德悅愠敎昻晥\u{fa12}\u{f929}栁\u{fa13}\u{fa14}橫櫢淸淲瀨\u{fa15}\
             \u{fa16}甁皂皞\u{fa17}礰\u{fa18}\u{fa19}\u{fa1a}\u{fa1b}竧\u{fa1c}\u{fa1d}綠\
             緖\u{fa1e}荢\u{fa1f}薰\u{fa20}\u{fa21}蠇\u{fa22}譿賴赶\u{fa23}\u{fa24}\
             \u{fa25}郞\u{fa26}鄕\u{fa27}\u{fa28}閒\u{f9dc}\u{fa29}霻靍靑\u{fa2a}\u{fa2b}\
             \u{fa2c}馞髙魲\u{fa2d}黑",
        ),
    ],
    ..GBK
};

/// JIS X 0208 within JIS X 0213; what the latter adds is not known here.
const EUC_JIS_2004: Table = Table {
    last: 0xf8fe,
    runs: &[
        run(0xa1b1, 0xa1b1, 0x203e),
        run(0xa1bd, 0xa1bd, 0x2014),
        run(0xa1c1, 0xa1c1, 0x301c),
        run(0xa1c2, 0xa1c2, 0x2016),
        run(0xa1dd, 0xa1dd, 0x2212),
        run(0xa1ef, 0xa1ef, 0xa5),
        run(0xa1f1, 0xa1f2, 0xa2),
        run(0xa2cc, 0xa2cc, 0xac),
    ],
    lists: &[],
    ..EUC_JP
};

/// Unicode's old table of Big5, with the kana and Cyrillic of ETEN.
const BIG5: Table = Table {
    base: &encoding_rs::BIG5_INIT,
    runs: &[
        run(0xa145, 0xa145, 0x2022),
        run(0xa14e, 0xa14e, 0xff64),
        run(0xa1c2, 0xa1c2, 0x203e),
        run(0xa1e3, 0xa1e3, 0x223c),
        run(0xa1f2, 0xa1f2, 0x2641),
        run(0xa1f3, 0xa1f3, 0x2609),
        run(0xa241, 0xa241, 0xff0f),
        run(0xa242, 0xa242, 0xff3c),
        run(0xa244, 0xa244, 0xa5),
        run(0xa246, 0xa247, 0xa2),
        run(0xc6a1, 0xc6a1, 0x30fe),
        run(0xc6a2, 0xc6a3, 0x309d),
        run(0xc6a4, 0xc6a4, 0x3005),
        run(0xc6a5, 0xc6f7, 0x3041),
        run(0xc6f8, 0xc6fe, 0x30a1),
        run(0xc740, 0xc77e, 0x30a8),
        run(0xc7a1, 0xc7b0, 0x30e7),
        run(0xc7b1, 0xc7b2, 0x414),
        run(0xc7b3, 0xc7b3, 0x401),
        run(0xc7b4, 0xc7ba, 0x416),
        run(0xc7bb, 0xc7cd, 0x423),
        run(0xc7ce, 0xc7ce, 0x451),
        run(0xc7cf, 0xc7e8, 0x436),
        run(0xc7e9, 0xc7f2, 0x2460),
        run(0xc7f3, 0xc7fc, 0x2474),
    ],
    ..GBK
};
