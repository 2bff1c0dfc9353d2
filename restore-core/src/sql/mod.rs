//! The words of SQL statements, by PostgreSQL's lexical rules (PostgreSQL 18
//! manual, 4.1; `scan.l`).
//!
//! Enough to find a name or a keyword in what `pg_dump` wrote without taking
//! text in quotes, comments or function bodies for either. Nothing here parses
//! statements, and no text is refused: what is not closed ends with the text.

mod token;
mod words;

pub use token::Token;
pub use words::{Words, words};
