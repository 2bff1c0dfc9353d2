//! `jobtune report`: publishes runs.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::{Status, write_file};
use crate::analysis::RunFacts;
use crate::claims::{self, MeasuredRun};
use crate::cli::ReportArgs;
use crate::history::History;
use crate::printer::Printer;
use crate::publish::links::Links;
use crate::publish::page;
use crate::publish::plot::{Figure, Pictures, Theme};
use crate::record::{Run, RunRecord};
use crate::report::article::{Article, RunArticle};
use crate::study::Study;

const PLOTS: &str = "plots";

pub(super) fn run(args: &ReportArgs, printer: &Printer) -> anyhow::Result<Status> {
    if let Some(folder) = &args.template {
        check_templates(folder)?;
    }
    let out = match (&args.out, args.runs.as_slice()) {
        (Some(out), _) => out.clone(),
        (None, [run]) => run.join("report"),
        (None, _) => PathBuf::from("report"),
    };
    let article = article(args)?;
    let pictures = Pictures::of(&article);
    make(&out.join(PLOTS))?;
    let links: Vec<Links> = args
        .runs
        .iter()
        .map(|run| Links::between(&out, run, PLOTS))
        .collect::<anyhow::Result<_>>()?;
    let render = |name| page::render(name, &article, &pictures, &links, args.template.as_deref());
    let json = serde_json::to_string_pretty(&article)? + "\n";
    write_file(&out.join("report.json"), json.as_bytes())?;
    write_file(&out.join("index.html"), render(page::PAGE)?.as_bytes())?;
    write_file(&out.join("report.md"), render(page::MARKDOWN)?.as_bytes())?;
    for figure in pictures.all() {
        write_figure(&out.join(PLOTS), figure)?;
    }
    printer.answer(&format!("{}\n", article.answer));
    printer.answer(&format!("The page is {}.", out.join("index.html").display()));
    Ok(Status::Done)
}

/// Reads and judges the runs.
fn article(args: &ReportArgs) -> anyhow::Result<Article> {
    let command = command(&args.runs);
    let mut names = BTreeSet::new();
    let (mut runs, mut studies) = (Vec::new(), Vec::new());
    for path in &args.runs {
        let run = Run::open(path)?.by(args.metric)?;
        anyhow::ensure!(
            run.record.adaptive.is_none(),
            "{} has no blocks to report on, since `jobtune tune` made it: \
             `jobtune recommend` reads it",
            path.display()
        );
        let name = free_name(&run.record, &mut names);
        let run = run.named(name);
        studies.push(Study::of(&run)?);
        runs.push(run);
    }
    let measured =
        |run: &Run| MeasuredRun::new(run.name.clone(), run.rows.clone(), RunFacts::of(&run.record));
    let claims = claims::judge(&runs.iter().map(measured).collect::<Vec<_>>());
    let history = History::new(&runs);
    let articles = studies.into_iter().zip(&runs);
    let articles = articles.map(|(study, run)| RunArticle::new(study, run, &command));
    Ok(Article::new(articles.collect::<Result<_, _>>()?, &claims, &history))
}

/// The scenario's name, with a number where an earlier run has it too.
fn free_name(run: &RunRecord, taken: &mut BTreeSet<String>) -> String {
    let name = &run.scenario.name;
    let numbered = (2..).map(|number| format!("{name}-{number}"));
    let mut names = std::iter::once(name.clone()).chain(numbered);
    let free = names.find(|name| !taken.contains(name)).expect("numbers do not end");
    taken.insert(free.clone());
    free
}

/// The command that was given, without the folders that the runs lie in.
fn command(runs: &[PathBuf]) -> String {
    let name =
        |run: &PathBuf| run.file_name().unwrap_or(run.as_os_str()).to_string_lossy().into_owned();
    let names = runs.iter().map(name).map(|name| match shlex::try_quote(&name) {
        Ok(quoted) => quoted.into_owned(),
        // Only a NUL cannot be quoted, and no path has one.
        Err(_) => name,
    });
    format!("jobtune report {}", names.collect::<Vec<_>>().join(" "))
}

/// A folder in which nothing has the name of a template is a mistake.
fn check_templates(folder: &Path) -> anyhow::Result<()> {
    let known = page::TEMPLATES.map(|(name, _)| name);
    let found = known.iter().any(|name| folder.join(name).is_file());
    anyhow::ensure!(
        found,
        "{} has no template: name them as those that they replace, {}",
        folder.display(),
        known.join(", ")
    );
    Ok(())
}

fn write_figure(folder: &Path, figure: &Figure) -> anyhow::Result<()> {
    let path = |extension: &str| folder.join(format!("{}.{extension}", figure.name));
    write_file(&path("svg"), figure.svg().as_bytes())?;
    let png = figure.png(Theme::Light).with_context(|| format!("picture {}", figure.name))?;
    write_file(&path("png"), &png)
}

fn make(folder: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_quote_what_a_shell_would_split() {
        let runs = [PathBuf::from("runs/a-1"), PathBuf::from("my run's")];
        let words = shlex::split(&command(&runs)).unwrap();
        assert_eq!(words, ["jobtune", "report", "a-1", "my run's"]);
    }
}
