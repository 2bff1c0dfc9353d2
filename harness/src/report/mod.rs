//! The recommendation as a table, as Markdown and as JSON.
//!
//! [`model::Report`] has everything that is shown, as numbers with their unit
//! in their name; the renderers only write it down.

pub mod claims;
pub mod compare;
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

pub mod bound;
mod build;
mod replay;

pub use model::Report;
pub use terminal::Style;
