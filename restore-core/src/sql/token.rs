//! One word of a statement.

use std::borrow::Cow;

/// A word of a statement, without white space and comments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token<'a> {
    /// A keyword or an identifier without quotes, as it was written.
    Word(&'a str),
    /// An identifier in double quotes, without them and with its escapes
    /// resolved: never a keyword.
    Quoted(Cow<'a, str>),
    /// A string in single quotes or between dollar signs, without them.
    Text(Cow<'a, str>),
    /// A number, as it was written.
    Number(&'a str),
    /// Any other character: punctuation, or one character of an operator.
    Symbol(char),
}

impl Token<'_> {
    /// Whether it is this keyword, which is given in lower case.
    pub fn is(&self, keyword: &str) -> bool {
        matches!(self, Self::Word(word) if word.eq_ignore_ascii_case(keyword))
    }

    /// Whether it is this character outside of quotes.
    pub fn is_symbol(&self, symbol: char) -> bool {
        *self == Token::Symbol(symbol)
    }

    /// The name that it is as an identifier: the server folds one without
    /// quotes to lower case, ASCII letters alone in the multi-byte encodings
    /// (`downcase_identifier`).
    pub fn name(&self) -> Option<String> {
        match self {
            Self::Word(word) => Some(word.to_ascii_lowercase()),
            Self::Quoted(name) => Some(name.clone().into_owned()),
            _ => None,
        }
    }

    /// The contents of a string.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}
