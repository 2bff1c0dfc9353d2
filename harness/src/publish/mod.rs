//! What `jobtune report` writes: a page and a Markdown article by templates, and
//! pictures. Everything here shows the article and computes nothing but places.

pub mod links;
pub mod page;
pub mod plot;
