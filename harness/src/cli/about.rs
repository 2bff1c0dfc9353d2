//! The long help of each command.
//!
//! clap takes what a command is for from the variant of [`super::Command`], and drops
//! what the documentation of its arguments adds. Here that is put below it.

use clap::{Args, Command, CommandFactory};

use super::{
    ClaimsArgs, CleanArgs, Cli, CompareArgs, CompletionsArgs, ControlArgs, DoctorArgs, ExportArgs,
    HistoryArgs, InitArgs, InspectArgs, ManArgs, MergeArgs, NoiseArgs, RecommendArgs, ReportArgs,
    RestoreArgs, RunsArgs, SweepArgs, TuneArgs, VerifyArgs,
};

/// The command line with the long help of each command.
pub fn command() -> Command {
    let mut command = Cli::command();
    let texts = [
        ("sweep", text::<SweepArgs>()),
        ("init", text::<InitArgs>()),
        ("recommend", text::<RecommendArgs>()),
        ("restore", text::<RestoreArgs>()),
        ("control", text::<ControlArgs>()),
        ("verify", text::<VerifyArgs>()),
        ("inspect", text::<InspectArgs>()),
        ("compare", text::<CompareArgs>()),
        ("merge", text::<MergeArgs>()),
        ("noise", text::<NoiseArgs>()),
        ("tune", text::<TuneArgs>()),
        ("history", text::<HistoryArgs>()),
        ("claims", text::<ClaimsArgs>()),
        ("runs", text::<RunsArgs>()),
        ("report", text::<ReportArgs>()),
        ("export", text::<ExportArgs>()),
        ("doctor", text::<DoctorArgs>()),
        ("clean", text::<CleanArgs>()),
        ("completions", text::<CompletionsArgs>()),
        ("man", text::<ManArgs>()),
    ];
    for (name, text) in texts {
        let Some(text) = text else { continue };
        command = command.mut_subcommand(name, |command| {
            let about = command.get_about().map(ToString::to_string).unwrap_or_default();
            command.long_about(format!("{about}.\n\n{text}"))
        });
    }
    command
}

/// What the documentation of arguments says behind its first paragraph, which names them.
fn text<A: Args>() -> Option<String> {
    let command = A::augment_args(Command::new("arguments"));
    let long = command.get_long_about()?.to_string();
    Some(long.split_once("\n\n")?.1.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_says_what_the_documentation_adds() {
        let mut command = command();
        command.clone().debug_assert();
        let sweep = command.find_subcommand_mut("sweep").unwrap().render_long_help().to_string();
        assert!(sweep.starts_with("Measure restores over the axes of a scenario.\n\n"), "{sweep}");
        assert!(sweep.contains("--resume to go on with a run"), "{sweep}");
        assert!(!sweep.contains("Arguments of"), "{sweep}");
        let clean = command.find_subcommand("clean").unwrap();
        assert!(clean.get_long_about().is_none(), "its documentation adds nothing");
    }
}
