//! What the two forms of a conninfo have in common: pairs, and their faults.
//!
//! No error repeats a value, since it may be a password; nor a word that stands
//! where a keyword should, since it may be the rest of an unquoted one.

use super::keyword::Keyword;

/// Parameters in the order in which they were written. One may come twice:
/// the last one counts.
pub(super) type Pairs = Vec<(Keyword, String)>;

/// What is wrong with a conninfo, and where: `at` counts characters from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum SyntaxError {
    #[error(
        "unknown connection parameter{} at character {at} of the conninfo; \
             the parameters are listed under \"Parameter Key Words\" in PostgreSQL's manual",
        shown(keyword)
    )]
    UnknownKeyword { keyword: String, at: usize },
    #[error(
        "no \"=\" after the word at character {at} of the conninfo; \
             write parameters as keyword=value, and quote a value that has spaces: 'a b'"
    )]
    NoEquals { at: usize },
    #[error(
        "the quoted string that begins at character {at} of the conninfo does not end; \
             write a quote within it as \\'"
    )]
    OpenQuote { at: usize },
    #[error("the URI has {what} at character {at}")]
    Uri { what: &'static str, at: usize },
    #[error("a connection parameter holds a NUL character at character {at} of the conninfo")]
    Nul { at: usize },
}

/// A keyword for a message, if it looks like one.
fn shown(keyword: &str) -> String {
    let is_word = keyword.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    if is_word { format!(" {keyword:?}") } else { String::new() }
}
