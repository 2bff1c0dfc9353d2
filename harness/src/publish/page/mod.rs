//! The article as a page and as Markdown, by templates.
//!
//! Templates see the article as `report.json` has it, the pictures, and
//! links. A number is written by naming its place in the article, as a JSON
//! pointer: what is shown is what is there, and the page says where it is.

mod numbers;

use std::path::{Path, PathBuf};

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};

use super::links::Links;
use super::plot::{Figure, Pictures, RunFigures, style_sheet};
use crate::document::markdown::escape;
use crate::report::Article;

pub const PAGE: &str = "page.html";
pub const MARKDOWN: &str = "article.md";

/// The templates by name, as they are without a house style.
pub const TEMPLATES: [(&str, &str); 9] = [
    (PAGE, include_str!("templates/page.html")),
    ("run.html", include_str!("templates/run.html")),
    ("claims.html", include_str!("templates/claims.html")),
    ("history.html", include_str!("templates/history.html")),
    ("page.css", include_str!("templates/page.css")),
    ("page.js", include_str!("templates/page.js")),
    (MARKDOWN, include_str!("templates/article.md")),
    ("claims.md", include_str!("templates/claims.md")),
    ("history.md", include_str!("templates/history.md")),
];

#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// A template is wrong.
    #[error("template {name}: {error}")]
    Template { name: &'static str, error: minijinja::Error },
    #[error("cannot write the article as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

/// Renders `name`, which is [`PAGE`] or [`MARKDOWN`]. Templates in the folder
/// `own` go before the ones that come with jobtune, file by file.
pub fn render(
    name: &'static str,
    article: &Article,
    pictures: &Pictures,
    links: &[Links],
    own: Option<&Path>,
) -> Result<String, PageError> {
    let environment = environment(serde_json::to_value(article)?, own.map(Path::to_owned));
    let of_runs: Vec<Value> = pictures.runs.iter().map(of_run).collect();
    environment
        .get_template(name)
        .and_then(|template| {
            template.render(context! {
                article => Value::from(Serde(article)),
                figures => of_runs,
                side_by_side => pictures.side_by_side.as_ref().map(of_figure),
                over_time => pictures.history.as_ref().map(of_figure),
                links => Value::from(Serde(links)),
                picture_style => Value::from_safe_string(style_sheet()),
            })
        })
        .map_err(|error| PageError::Template { name, error })
}

fn environment(article: serde_json::Value, own: Option<PathBuf>) -> Environment<'static> {
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(syntax.expect("only the blanks around blocks are set"));
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_loader(move |name| load(name, own.as_deref()));
    environment.set_auto_escape_callback(|name| {
        let is_html = Path::new(name).extension().is_some_and(|extension| extension == "html");
        if is_html { AutoEscape::Html } else { AutoEscape::None }
    });
    numbers::add(&mut environment, article);
    environment.add_filter("markdown", |text: String| escape(&text));
    environment.add_filter("sentence", |text: String| sentence(&text));
    environment
}

/// Units that do not stand at the beginning of a line.
const UNITS: [&str; 11] = ["%", "µs", "ms", "s", "min", "h", "B", "KiB", "MiB", "GiB", "MB/s"];

/// A sentence in HTML that is not broken within `-j 4` or `12.3 s`.
fn sentence(text: &str) -> Value {
    let escaped = minijinja::HtmlEscape(text).to_string();
    let mut whole = String::with_capacity(escaped.len());
    for word in escaped.split(' ') {
        let bare = word.trim_end_matches(['.', ',', ';', ':', ')']);
        let is_unit = UNITS.contains(&bare) && whole.ends_with(|c: char| c.is_ascii_digit());
        match (whole.is_empty(), is_unit) {
            (true, _) => {}
            (false, true) => whole.push('\u{a0}'),
            (false, false) => whole.push(' '),
        }
        whole.push_str(word);
    }
    Value::from_safe_string(whole.replace("-j ", "<span class=\"j\">-j</span>\u{a0}"))
}

fn load(name: &str, own: Option<&Path>) -> Result<Option<String>, minijinja::Error> {
    if let Some(folder) = own {
        let path = folder.join(name);
        if path.is_file() {
            return std::fs::read_to_string(&path).map(Some).map_err(|error| {
                let place = format!("cannot read {}", path.display());
                minijinja::Error::new(minijinja::ErrorKind::InvalidOperation, place)
                    .with_source(error)
            });
        }
    }
    Ok(TEMPLATES.iter().find(|(own, _)| *own == name).map(|(_, text)| (*text).to_owned()))
}

fn of_run(figures: &RunFigures) -> Value {
    context! {
        duration => figures.duration.as_ref().map(of_figure),
        speedup => figures.speedup.as_ref().map(of_figure),
        replay => figures.replay.as_ref().map(of_figure),
        latency => figures.latency.as_ref().map(of_figure),
        ratio => figures.ratio.as_ref().map(of_figure),
        map => figures.map.as_ref().map(of_figure),
        load => figures.load.as_ref().map(of_figure),
        timelines => figures.timelines.iter().map(of_figure).collect::<Vec<_>>(),
    }
}

fn of_figure(figure: &Figure) -> Value {
    context! {
        name => figure.name.as_str(),
        title => figure.title.as_str(),
        description => figure.description.as_str(),
        svg => Value::from_safe_string(figure.inline()),
    }
}
