//! The two forms of a conninfo: `keyword = value` pairs, read here, and URIs.
//!
//! A transcription of what `conninfo_parse` of libpq's `fe-connect.c` accepts,
//! with the place of a fault added.

use super::keyword::Keyword;
use super::syntax::{Pairs, SyntaxError};
use super::uri;

/// Parses either form.
///
/// As where psql takes a database's name, a text that is no URI and has no
/// `=` is the name of a database.
pub(super) fn parse(text: &str) -> Result<Pairs, SyntaxError> {
    if let Some(at) = text.chars().position(|c| c == '\0') {
        return Err(SyntaxError::Nul { at: at + 1 });
    }
    if text.starts_with("postgresql://") || text.starts_with("postgres://") {
        return uri::parse(text);
    }
    if !text.contains('=') && !text.trim().is_empty() {
        let dbname = Keyword::named("dbname").expect("dbname is in libpq's table");
        return Ok(vec![(dbname, text.to_owned())]);
    }
    Pairing { text, at: 0 }.pairs()
}

/// The characters that C's `isspace` knows in the C locale.
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c')
}

/// A reader of `keyword = value` pairs; `at` is a byte offset.
struct Pairing<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Pairing<'a> {
    fn pairs(mut self) -> Result<Pairs, SyntaxError> {
        let mut pairs = Vec::new();
        loop {
            self.skip_spaces();
            if self.rest().is_empty() {
                return Ok(pairs);
            }
            let begin = self.at;
            let name = self.keyword(begin)?;
            self.skip_spaces();
            let value = if self.rest().starts_with('\'') { self.quoted()? } else { self.bare() };
            let pair = Keyword::assigned(name, value);
            pairs.push(pair.ok_or_else(|| SyntaxError::UnknownKeyword {
                keyword: name.to_owned(),
                at: self.column(begin),
            })?);
        }
    }

    fn keyword(&mut self, begin: usize) -> Result<&'a str, SyntaxError> {
        let rest = self.rest();
        let name = &rest[..rest.find(|c| c == '=' || is_space(c)).unwrap_or(rest.len())];
        self.at += name.len();
        self.skip_spaces();
        if self.next() == Some('=') {
            return Ok(name);
        }
        Err(SyntaxError::NoEquals { at: self.column(begin) })
    }

    fn bare(&mut self) -> String {
        let mut value = String::new();
        while let Some(c) = self.next() {
            match c {
                c if is_space(c) => break,
                '\\' => value.extend(self.next()),
                c => value.push(c),
            }
        }
        value
    }

    fn quoted(&mut self) -> Result<String, SyntaxError> {
        let open = self.at;
        self.next();
        let mut value = String::new();
        while let Some(c) = self.next() {
            match c {
                '\'' => return Ok(value),
                '\\' => value.extend(self.next()),
                c => value.push(c),
            }
        }
        Err(SyntaxError::OpenQuote { at: self.column(open) })
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn next(&mut self) -> Option<char> {
        let c = self.rest().chars().next()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn skip_spaces(&mut self) {
        self.at = self.text.len() - self.rest().trim_start_matches(is_space).len();
    }

    fn column(&self, byte: usize) -> usize {
        self.text[..byte].chars().count() + 1
    }
}

/// Writes a value so that [`parse`] and libpq read it back.
pub(super) fn quote(value: &str) -> String {
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn named(text: &str) -> Vec<(&'static str, String)> {
        parse(text).unwrap().into_iter().map(|(keyword, value)| (keyword.name(), value)).collect()
    }

    fn pair(keyword: &'static str, value: &str) -> (&'static str, String) {
        (keyword, value.to_owned())
    }

    #[test]
    fn reads_what_libpq_reads() {
        assert_eq!(named(""), []);
        assert_eq!(named("shop"), [pair("dbname", "shop")]);
        assert_eq!(named(" host = a\tport=1 "), [pair("host", "a"), pair("port", "1")]);
        assert_eq!(named(r"user=a\ b\\c"), [pair("user", r"a b\c")]);
        assert_eq!(named(r"user='a b\'c'dbname=''"), [pair("user", "a b'c"), pair("dbname", "")]);
        // A blank value takes the next word, as libpq has it.
        assert_eq!(named("host= dbname=x"), [pair("host", "dbname=x")]);
    }

    #[test]
    fn faults_are_named_with_their_place() {
        assert_eq!(
            parse("host=é nosuch=1"),
            Err(SyntaxError::UnknownKeyword { keyword: "nosuch".into(), at: 8 })
        );
        assert_eq!(parse("user=a password secret=x"), Err(SyntaxError::NoEquals { at: 8 }));
        let leaky = parse("password=a Secret1=b").unwrap_err().to_string();
        assert!(!leaky.contains("Secret1") && leaky.contains("character 12"), "{leaky}");
        assert_eq!(parse("password='secret"), Err(SyntaxError::OpenQuote { at: 10 }));
        assert_eq!(parse("user=a\0b"), Err(SyntaxError::Nul { at: 7 }));
    }

    proptest! {
        #[test]
        fn quoted_values_come_back(values in prop::collection::vec("[^\0]{0,12}", 1..4)) {
            let keywords = ["user", "dbname", "options"];
            let text: Vec<_> =
                keywords.iter().zip(&values).map(|(k, v)| format!("{k}={}", quote(v))).collect();
            let read: Vec<_> = named(&text.join(" ")).into_iter().map(|pair| pair.1).collect();
            prop_assert_eq!(read, values);
        }

        #[test]
        fn no_text_makes_it_panic(text in "(postgres://)?[ -~é]{0,40}") {
            let _ = parse(&text);
        }
    }
}
