//! Takes a text of SQL apart.

use std::borrow::Cow;

use super::Token;

/// The words of `sql`, in their order.
pub fn words(sql: &str) -> Words<'_> {
    Words { rest: sql }
}

/// Iterator of [`words`].
#[derive(Debug, Clone)]
pub struct Words<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Words<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        self.skip_blank();
        let first = self.rest.chars().next()?;
        Some(match first {
            '"' => {
                self.take(1);
                Token::Quoted(self.quoted('"'))
            }
            '\'' => {
                self.take(1);
                Token::Text(self.quoted('\''))
            }
            '$' => self.dollar(),
            _ if first.is_ascii_digit() => Token::Number(self.take_while(is_in_number)),
            _ if starts_word(first) => self.word(),
            _ => {
                self.take(first.len_utf8());
                Token::Symbol(first)
            }
        })
    }
}

impl<'a> Words<'a> {
    fn take(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(bytes);
        self.rest = rest;
        taken
    }

    fn take_while(&mut self, holds: fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c: char| !holds(c)).unwrap_or(self.rest.len());
        self.take(end)
    }

    /// Passes over white space and comments; those between `/*` and `*/` nest.
    fn skip_blank(&mut self) {
        loop {
            self.rest =
                self.rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '\x0b');
            if self.rest.starts_with("--") {
                let end = self.rest.find(['\n', '\r']).unwrap_or(self.rest.len());
                self.take(end);
            } else if self.rest.starts_with("/*") {
                self.skip_comment();
            } else {
                return;
            }
        }
    }

    fn skip_comment(&mut self) {
        let mut depth = 0_usize;
        while !self.rest.is_empty() {
            if self.rest.starts_with("/*") {
                depth += 1;
                self.take(2);
            } else if self.rest.starts_with("*/") {
                depth -= 1;
                self.take(2);
                if depth == 0 {
                    return;
                }
            } else {
                // To the next character that can begin either.
                let next = self.rest[1..].find(['/', '*']).map_or(self.rest.len(), |at| at + 1);
                let next = (next..=self.rest.len()).find(|&at| self.rest.is_char_boundary(at));
                self.take(next.unwrap_or(self.rest.len()));
            }
        }
    }

    /// What stands before the closing quote; a doubled quote is one of the
    /// text's own.
    fn quoted(&mut self, quote: char) -> Cow<'a, str> {
        let mut text = Cow::Borrowed("");
        loop {
            let Some(end) = self.rest.find(quote) else {
                text += self.take(self.rest.len());
                return text;
            };
            text += self.take(end);
            self.take(1);
            if !self.rest.starts_with(quote) {
                return text;
            }
            text += self.take(1);
        }
    }

    /// A string with C-like escapes (`E'...'`), where a backslash keeps a
    /// quote from closing it. Only the escapes that name themselves are
    /// resolved: names and paths have no others.
    fn escaped(&mut self) -> Cow<'a, str> {
        let mut text = String::new();
        loop {
            let end = self.rest.find(['\'', '\\']).unwrap_or(self.rest.len());
            text.push_str(self.take(end));
            let Some(found) = self.rest.chars().next() else { return text.into() };
            self.take(1);
            let next = self.rest.chars().next();
            match (found, next) {
                ('\\', Some(next)) | ('\'', Some(next @ '\'')) => {
                    text.push(next);
                    self.take(next.len_utf8());
                }
                _ => return text.into(),
            }
        }
    }

    /// `$tag$ ... $tag$`, or a dollar sign that begins no such string.
    fn dollar(&mut self) -> Token<'a> {
        let Some(tag) = dollar_tag(self.rest) else {
            self.take(1);
            return Token::Symbol('$');
        };
        self.take(tag.len());
        let end = self.rest.find(tag).unwrap_or(self.rest.len());
        let text = self.take(end);
        self.take(tag.len().min(self.rest.len()));
        Token::Text(text.into())
    }

    /// A keyword or identifier, or the letters before a string or a quoted
    /// identifier: `E''`, `B''`, `X''`, `N''`, `U&''`, `U&""`.
    fn word(&mut self) -> Token<'a> {
        let word = self.take_while(is_in_word);
        if self.rest.starts_with('\'') && word.len() == 1 {
            match word.as_bytes()[0].to_ascii_lowercase() {
                b'e' => {
                    self.take(1);
                    return Token::Text(self.escaped());
                }
                b'b' | b'x' | b'n' => {
                    self.take(1);
                    return Token::Text(self.quoted('\''));
                }
                _ => {}
            }
        }
        if word.eq_ignore_ascii_case("u") {
            for quote in ['\'', '"'] {
                if self.rest.strip_prefix('&').is_some_and(|rest| rest.starts_with(quote)) {
                    self.take(2);
                    let text = unicode(&self.quoted(quote));
                    return if quote == '"' { Token::Quoted(text) } else { Token::Text(text) };
                }
            }
        }
        Token::Word(word)
    }
}

/// Resolves `\XXXX` and `\+XXXXXX`. `pg_dump` never writes these; UESCAPE
/// with another character is not followed.
fn unicode<'b>(text: &str) -> Cow<'b, str> {
    let mut resolved = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        resolved.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let (start, digits) = if rest.starts_with('+') { (1, 6) } else { (0, 4) };
        let code =
            rest.get(start..start + digits).and_then(|hex| u32::from_str_radix(hex, 16).ok());
        if let Some(character) = code.and_then(char::from_u32) {
            resolved.push(character);
            rest = &rest[start + digits..];
        } else {
            resolved.push('\\');
            rest = rest.strip_prefix('\\').unwrap_or(rest);
        }
    }
    resolved.push_str(rest);
    resolved.into()
}

/// The `$tag$` at the beginning of `text`: the tag is empty or an identifier
/// without dollar signs.
fn dollar_tag(text: &str) -> Option<&str> {
    let end = text[1..].find('$')? + 1;
    let tag = &text[1..end];
    let is_tag = tag.is_empty() || (tag.starts_with(starts_word) && tag.chars().all(is_in_tag));
    is_tag.then(|| &text[..=end])
}

fn starts_word(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || !c.is_ascii()
}

fn is_in_tag(c: char) -> bool {
    starts_word(c) || c.is_ascii_digit()
}

fn is_in_word(c: char) -> bool {
    is_in_tag(c) || c == '$'
}

fn is_in_number(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '.' || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(text: &str) -> Token<'_> {
        Token::Word(text)
    }

    fn text(text: &str) -> Token<'_> {
        Token::Text(text.into())
    }

    fn quoted(text: &str) -> Token<'_> {
        Token::Quoted(text.into())
    }

    fn all(sql: &str) -> Vec<Token<'_>> {
        words(sql).collect()
    }

    #[test]
    fn identifiers_keep_what_their_quotes_hold() {
        assert_eq!(
            all("GRANT \"to\" TO \"a \"\"b\"\"\",Caf\u{e9}$1"),
            [
                word("GRANT"),
                quoted("to"),
                word("TO"),
                quoted("a \"b\""),
                Token::Symbol(','),
                word("Caf\u{e9}$1")
            ]
        );
        assert_eq!(all("\"\""), [quoted("")]);
        assert_eq!(all("U&\"d\\0061t\\+000061\""), [quoted("data")]);
        let names: Vec<_> = words("Orders \"Orders\"").filter_map(|token| token.name()).collect();
        assert_eq!(names, ["orders", "Orders"]);
        assert!(!quoted("to").is("to") && word("To").is("to"));
    }

    #[test]
    fn strings_are_closed_by_their_own_quotes() {
        assert_eq!(
            all("'it''s' E'a\\'b' b'01' 'x\\'"),
            [text("it's"), text("a'b"), text("01"), text("x\\")]
        );
        assert_eq!(all("$$a 'b' $x$$"), [text("a 'b' $x")]);
        assert_eq!(all("$f$ $$ TO $$ $f$ TO"), [text(" $$ TO $$ "), word("TO")]);
        assert_eq!(all("$1"), [Token::Symbol('$'), Token::Number("1")]);
    }

    #[test]
    fn comments_are_no_words() {
        assert_eq!(all("a -- TO b\nc"), [word("a"), word("c")]);
        assert_eq!(all("a /* x /* TO */ \u{e9} */ b"), [word("a"), word("b")]);
        assert_eq!(
            all("a-b/c"),
            [word("a"), Token::Symbol('-'), word("b"), Token::Symbol('/'), word("c")]
        );
    }

    #[test]
    fn what_is_not_closed_ends_with_the_text() {
        assert_eq!(all("'a"), [text("a")]);
        assert_eq!(all("E'a\\"), [text("a")]);
        assert_eq!(all("\"a"), [quoted("a")]);
        assert_eq!(all("$x$a"), [text("a")]);
        assert_eq!(all("/* a /* b */ c"), []);
        assert_eq!(all("$"), [Token::Symbol('$')]);
    }
}
