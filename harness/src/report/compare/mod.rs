//! A comparison with its answer: as a document, for JUnit and for GitHub.

pub mod annotations;
mod document;
pub mod junit;
mod phrases;
mod report;

pub use report::{CompareReport, SCHEMA};
