//! Links of a page to the files that it shows.

use std::path::Path;

use anyhow::Context as _;
use pathdiff::diff_paths;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

/// Where the files of a run are, seen from the page.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Links {
    pub run: String,
    pub plots: String,
}

impl Links {
    /// Links from the page in `out`, which exists, to a run folder and to the
    /// pictures in the folder `plots` beside the page.
    pub fn between(out: &Path, run: &Path, plots: &str) -> anyhow::Result<Self> {
        let whole = |path: &Path| {
            path.canonicalize().with_context(|| format!("cannot find {}", path.display()))
        };
        let run = diff_paths(whole(run)?, whole(out)?)
            .with_context(|| format!("no way leads from {} to {}", out.display(), run.display()))?;
        Ok(Self { run: url(&run), plots: format!("{plots}/") })
    }
}

/// What stays as it is in a part of a path: the unreserved characters of
/// RFC 3986, section 2.3.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A relative path as the beginning of a link, with `/` at its end.
fn url(path: &Path) -> String {
    let parts = path
        .components()
        .map(|part| percent_encode(part.as_os_str().as_encoded_bytes(), ENCODED).to_string() + "/");
    parts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_from_the_page_to_the_run() {
        let way = |from: &str, to: &str| url(&diff_paths(to, from).unwrap());
        assert_eq!(way("/r/run/report", "/r/run"), "../");
        assert_eq!(way("/r/all", "/r/my run"), "../my%20run/");
        assert_eq!(way("/r", "/r"), "");
        assert_eq!(way("/r", "/r/x"), "x/");
    }
}
