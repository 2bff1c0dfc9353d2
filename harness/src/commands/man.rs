//! `jobtune man`: the manual pages.

use std::sync::LazyLock;

use anyhow::Context as _;
use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};
use regex::Regex;

use super::{Status, write_file};
use crate::cli::{self, ManArgs};
use crate::printer::Printer;

pub(super) fn run(args: &ManArgs, printer: &Printer) -> anyhow::Result<Status> {
    std::fs::create_dir_all(&args.out)
        .with_context(|| format!("cannot make the folder {}", args.out.display()))?;
    let pages = pages()?;
    for (name, page) in &pages {
        write_file(&args.out.join(name), page)?;
    }
    printer.note(format!("{} manual pages are in {}", pages.len(), args.out.display()));
    Ok(Status::Done)
}

/// Every page by the name of its file: the program's, and one for each command below it.
fn pages() -> anyhow::Result<Vec<(String, String)>> {
    let mut command = cli::command().disable_help_subcommand(true);
    command.build();
    let mut pages = Vec::new();
    add(&command, None, &mut pages)?;
    Ok(pages)
}

fn add(
    command: &Command,
    parent: Option<&str>,
    pages: &mut Vec<(String, String)>,
) -> anyhow::Result<()> {
    let name = command.get_display_name().unwrap_or(command.get_name()).to_owned();
    pages.push((format!("{name}.1"), page(command.clone(), parent)?));
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        add(below, Some(&name), pages)?;
    }
    Ok(())
}

fn page(command: Command, parent: Option<&str>) -> anyhow::Result<String> {
    let name = command.get_display_name().unwrap_or(command.get_name()).to_uppercase();
    let has_commands = command.get_subcommands().any(|below| !below.is_hide_set());
    let man = Man::new(plain(command))
        .title(name)
        .source(concat!("jobtune ", env!("CARGO_PKG_VERSION")))
        .manual("jobtune");
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if has_commands {
        man.render_subcommands_section(&mut page)?;
    }
    closing(parent).to_writer(&mut page)?;
    let page = String::from_utf8(page).context("a manual page is not UTF-8")?;
    Ok(QUOTED.replace_all(&page, r"\fB$1\fR").into_owned())
}

/// What documentation puts between backticks is bold in a manual. The text is that of one
/// line of the page; roff's own lines have none.
static QUOTED: LazyLock<Regex> = LazyLock::new(|| {
    #[expect(clippy::unwrap_used, reason = "a constant, which the tests compile")]
    Regex::new("`([^`]+)`").unwrap()
});

/// clap writes its own help into the synopsis and into --help.
fn plain(mut command: Command) -> Command {
    let usage = command.render_usage().to_string();
    let usage = usage.trim_start_matches("Usage:").trim().to_owned();
    command = command.override_usage(usage).subcommand_help_heading("COMMANDS");
    if command.get_arguments().any(|arg| arg.get_id() == "help") {
        command = command.mut_arg("help", |arg| {
            let help = "Print this; -h prints a summary";
            arg.help(help).long_help(help)
        });
    }
    command
}

/// The sections that clap knows nothing of.
fn closing(parent: Option<&str>) -> Roff {
    let mut roff = Roff::new();
    if let Some(parent) = parent {
        roff.control("SH", ["SEE ALSO"]);
        roff.text([bold(parent), roman("(1), "), bold("pg_restore"), roman("(1)")]);
        return roff;
    }
    let mut section = |heading: &str, entries: &[(&str, &str)]| {
        roff.control("SH", [heading]);
        for (name, text) in entries {
            roff.control("TP", []);
            roff.text([bold(*name)]);
            roff.text([roman(*text)]);
        }
    };
    section(
        "EXIT STATUS",
        &[
            ("0", "Done; no regression, no difference."),
            ("1", "A regression, errors of a restore, or two sides that differ."),
            ("2", "An error, or nothing could be measured."),
            ("3", "Inconclusive, or some of what was asked for cannot be done here."),
            ("130", "Interrupted; what can be resumed, can be resumed."),
        ],
    );
    section(
        "ENVIRONMENT",
        &[
            ("JOBTUNE_CACHE_DIR", "Folder in which archives are kept between runs."),
            ("JOBTUNE_STATE_DIR", "Folder in which runs note what they make."),
            ("JOBTUNE_LOG", "What is traced, as directives of tracing-subscriber's EnvFilter."),
            ("DOCKER_HOST", "Where the container engine answers."),
            ("NO_COLOR", "If set, nothing is coloured."),
        ],
    );
    section(
        "FILES",
        &[
            ("runs/", "Where sweeps put their run folders, below the current folder."),
            ("~/.cache/jobtune", "Archives that are kept between runs."),
            ("~/.local/state/jobtune", "What runs have made; `jobtune clean` reads it."),
        ],
    );
    roff.control("SH", ["SEE ALSO"]);
    let others = ["pg_restore", "pg_dump", "psql", "pgbench"];
    let mut line = Vec::new();
    for (index, name) in others.into_iter().enumerate() {
        line.push(bold(name));
        line.push(roman(if index + 1 < others.len() { "(1), " } else { "(1)" }));
    }
    roff.text(line);
    roff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_page_for_each_command() {
        let pages = pages().unwrap();
        let names: Vec<&str> = pages.iter().map(|(name, _)| name.as_str()).collect();
        for command in cli::command().get_subcommands() {
            let name = format!("jobtune-{}.1", command.get_name());
            assert!(names.contains(&name.as_str()), "{name} is missing: {names:?}");
        }
        assert_eq!(names[0], "jobtune.1");
    }

    #[test]
    fn pages_hold_nothing_of_clap() {
        for (name, page) in pages().unwrap() {
            for artefact in ["`", "Arguments of", "Usage:", "see a summary with", "SUBCOMMANDS"] {
                assert!(!page.contains(artefact), "{name} has {artefact:?}:\n{page}");
            }
            assert!(page.contains(".SH SYNOPSIS\n\\fBjobtune"), "{name}:\n{page}");
            assert!(page.contains(concat!("\"jobtune ", env!("CARGO_PKG_VERSION"))), "{name}");
        }
    }
}
