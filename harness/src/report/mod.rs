//! What each answer says: a value that serialises, and the document of it.
//!
//! [`Report`] is what `recommend` says of one run, [`Article`] what `report`
//! publishes of one or more.

pub mod article;
pub mod by_host;
pub mod claims;
pub mod compare;
pub mod export;
pub mod format;
pub mod history;
pub mod inspect;
pub mod noise;
pub mod phrases;
pub mod prospect;
pub mod recommendation;
pub mod restored;
pub mod runs;
pub mod tune;
pub mod workload;

mod answer;
mod bottleneck;
mod replay;

pub use article::Article;
pub use recommendation::Report;
