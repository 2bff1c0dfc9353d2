//! What an answer says, whatever it is shown on.
//!
//! One function per answer makes a [`Document`] of it; `terminal` and
//! `markdown` write any document. Texts in a document are plain: the renderers
//! wrap, align and escape them, so that a name from an archive can become
//! neither markup nor a control sequence.

pub mod markdown;
mod table;
pub mod terminal;
mod text;

pub use table::Table;
pub use terminal::Style;

use serde::Serialize;

use table::Grid;

/// The answer of a command: a value for programs, a document for people.
pub trait Answer: Serialize {
    fn document(&self) -> Document;

    /// The answer for programs: indented JSON with a line feed at its end.
    fn json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }
}

/// Blocks of text, in the order in which they are read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Document {
    blocks: Vec<Block>,
}

/// What kind of news an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Nothing to act on.
    Good,
    Unsure,
    /// Something to act on.
    Bad,
}

#[derive(Debug, Clone, PartialEq)]
enum Block {
    /// The answer in a sentence or two.
    Answer {
        text: String,
        tone: Option<Tone>,
    },
    Heading(String),
    Paragraph(String),
    /// Fine print: how the rest came about.
    Note(String),
    List(Vec<String>),
    /// Names with their values.
    Fields(Vec<(String, String)>),
    Table(Grid),
}

impl Document {
    pub fn new() -> Self {
        Self::default()
    }

    /// A document that starts with its answer.
    pub fn of(answer: impl Into<String>) -> Self {
        Self { blocks: vec![Block::Answer { text: answer.into(), tone: None }] }
    }

    /// A document that starts with its answer, marked as good or bad news.
    pub fn of_toned(answer: impl Into<String>, tone: Tone) -> Self {
        Self { blocks: vec![Block::Answer { text: answer.into(), tone: Some(tone) }] }
    }

    fn push(&mut self, block: Block) -> &mut Self {
        self.blocks.push(block);
        self
    }

    pub fn heading(&mut self, text: impl Into<String>) -> &mut Self {
        self.push(Block::Heading(text.into()))
    }

    pub fn paragraph(&mut self, text: impl Into<String>) -> &mut Self {
        self.push(Block::Paragraph(text.into()))
    }

    /// Adds fine print.
    pub fn note(&mut self, text: impl Into<String>) -> &mut Self {
        self.push(Block::Note(text.into()))
    }

    /// Adds a list; nothing where it has no entries.
    pub fn list(&mut self, entries: Vec<String>) -> &mut Self {
        if entries.is_empty() { self } else { self.push(Block::List(entries)) }
    }

    /// Adds a heading with a list below it; nothing where it has no entries.
    pub fn section(&mut self, heading: &str, entries: Vec<String>) -> &mut Self {
        if entries.is_empty() { self } else { self.heading(heading).list(entries) }
    }

    /// Adds names with their values; nothing where there are none.
    pub fn fields<'a>(&mut self, fields: impl IntoIterator<Item = (&'a str, String)>) -> &mut Self {
        let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value));
        let fields: Vec<(String, String)> = fields.collect();
        if fields.is_empty() { self } else { self.push(Block::Fields(fields)) }
    }

    /// Adds a table; nothing where it has no rows.
    pub fn table<T>(&mut self, table: Table<T>) -> &mut Self {
        let grid = table.into_grid();
        if grid.row_count() == 0 { self } else { self.push(Block::Table(grid)) }
    }
}
