//! `pg_restore`'s own options on our command line, by one table.

use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, Error, FromArgMatches};
use restore_core::options::{Meaning, Opt, OptionValue, RestoreOptions, Takes};

/// The options of `pg_restore` that decide what is restored, and how.
#[derive(Debug, Clone, Default)]
pub struct PgRestoreOptions(pub RestoreOptions);

/// What clap calls the options' part of the help.
const HEADING: &str = "Options of pg_restore";

/// The options that are taken here: what a sweep refuses, `jobtune restore`
/// has under its own names or not at all.
fn taken() -> impl Iterator<Item = Opt> {
    let options = Opt::ALL.iter().copied();
    options.filter(|option| matches!(option.meaning(), Meaning::Selects | Meaning::Changes))
}

impl Args for PgRestoreOptions {
    fn augment_args(command: Command) -> Command {
        command.next_help_heading(HEADING).args(taken().map(|option| {
            let arg = Arg::new(option.long())
                .long(option.long())
                .help_heading(HEADING)
                .help("See the manual of pg_restore.")
                .hide_short_help(true);
            let arg = match option.short() {
                Some(letter) => arg.short(letter),
                None => arg,
            };
            match option.takes() {
                Takes::Nothing => arg.action(ArgAction::SetTrue),
                Takes::Value => arg.action(ArgAction::Set),
                Takes::Values => arg.action(ArgAction::Append),
            }
        }))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for PgRestoreOptions {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let mut options = Self::default();
        options.update_from_arg_matches(matches)?;
        Ok(options)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        for option in taken() {
            let name = option.long();
            let value = match option.takes() {
                Takes::Nothing if matches.get_flag(name) => OptionValue::Flag(true),
                Takes::Value | Takes::Values => match matches.get_many::<String>(name) {
                    Some(values) if option.takes() == Takes::Values => {
                        OptionValue::Several(values.cloned().collect())
                    }
                    Some(mut values) => {
                        OptionValue::One(values.next_back().cloned().unwrap_or_default())
                    }
                    None => continue,
                },
                Takes::Nothing => continue,
            };
            self.0
                .set(option, value)
                .map_err(|error| Error::raw(ErrorKind::InvalidValue, format!("{error}\n")))?;
        }
        Ok(())
    }
}
