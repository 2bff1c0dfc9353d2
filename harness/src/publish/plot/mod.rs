//! The pictures of an article.
//!
//! A chart draws into a [`scene::Scene`], once for wide and once for narrow
//! screens; [`svg`] and [`png`] make files of it. Charts show the numbers of
//! the article and compute none but places.

mod columns;
mod control;
mod descriptions;
mod duration;
mod figure;
mod font;
mod frame;
mod history;
mod labels;
mod latency;
mod load;
mod map;
mod over_jobs;
mod palette;
mod panels;
mod pictures;
mod png;
mod ratio;
mod replay;
mod scale;
mod scene;
mod side_by_side;
mod speedup;
mod svg;
mod timeline;

pub use figure::Figure;
pub use frame::Layout;
pub use palette::{Theme, style_sheet};
pub use pictures::{Pictures, RunFigures};
pub use png::PngError;
