//! How an answer is written.

use clap::ValueEnum;

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// Tables for a terminal.
    Text,
    /// Markdown.
    Markdown,
    /// JSON.
    Json,
}
