//! What is shown of runs: in a terminal, as Markdown and as JSON.
//!
//! [`model::Report`] is what `recommend` says of one run, [`article::Article`]
//! what `report` publishes of one or more: numbers with their unit in their
//! name. The renderers only write them down.

pub mod article;
pub mod claims;
pub mod compare;
pub mod errors;
pub mod format;
pub mod history;
pub mod inspect;
pub mod json;
pub mod markdown;
pub mod model;
pub mod noise;
pub mod phrases;
pub mod terminal;
pub mod tune;
pub mod workload;

mod answer;
pub mod bound;
mod build;
mod replay;

pub use article::Article;
pub use model::Report;
pub use terminal::Style;
