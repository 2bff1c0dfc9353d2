//! What is shown of runs: in a terminal, as Markdown and as JSON.
//!
//! [`Report`] is what `recommend` says of one run, [`Article`] what `report`
//! publishes of one or more. The renderers only write them down.

pub mod article;
pub mod claims;
pub mod compare;
pub mod format;
pub mod history;
pub mod inspect;
pub mod markdown;
pub mod noise;
pub mod phrases;
pub mod recommendation;
pub mod restored;
pub mod terminal;
pub mod tune;
pub mod workload;

mod answer;
mod bottleneck;
mod replay;

pub use article::Article;
pub use recommendation::Report;
pub use terminal::Style;
