//! What is shown of an archive that was inspected.

mod document;
mod here;
mod needs;
mod phrases;
mod report;

pub use here::Here;
pub use report::{InspectReport, SCHEMA};
