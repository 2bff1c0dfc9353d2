//! Checks of what `[restore]` does around a restore.

use std::path::{Path, PathBuf};

use toml::Spanned;

use super::super::file::ScenarioFile;
use super::super::{Hooks, Phase};
use super::{Check, Flaw, absolute, flaw};

/// Names are cut off after so many bytes (`NAMEDATALEN - 1`, PostgreSQL 17
/// manual, 4.1.1).
const NAME_MAX: usize = 63;

impl Check<'_> {
    pub(super) fn hooks(&self, file: &ScenarioFile) -> Result<Hooks, Flaw> {
        let restore = &file.restore;
        let database = restore.database.as_ref();
        let name = self.overrides.database.clone();
        let hooks = Hooks {
            before: self.scripts(&self.overrides.before, &restore.before),
            after: self.scripts(&self.overrides.after, &restore.after),
            prepare: commands("prepare", restore.prepare.as_ref())?,
            cleanup: commands("cleanup", restore.cleanup.as_ref())?,
            database: name.or_else(|| database.map(|name| name.get_ref().clone())),
        };
        if let Some(name) = &hooks.database {
            check_name(name).or_else(|message| flaw(database.map(Spanned::span), message))?;
        }
        if file.phase == Phase::Dump && !hooks.is_empty() {
            return flaw(
                None,
                "phase \"dump\" restores nothing: leave out before, after, prepare, cleanup and \
                 database",
            );
        }
        Ok(hooks)
    }

    /// The scripts of the command line, from where the user stands, or those of
    /// the file, from where that is.
    fn scripts(&self, given: &[PathBuf], file: &[PathBuf]) -> Vec<PathBuf> {
        let (folder, paths) =
            if given.is_empty() { (self.folder, file) } else { (Path::new("."), given) };
        paths.iter().map(|path| absolute(folder, path)).collect()
    }
}

fn commands(key: &str, commands: Option<&Spanned<Vec<String>>>) -> Result<Vec<String>, Flaw> {
    let Some(commands) = commands else { return Ok(Vec::new()) };
    if commands.get_ref().iter().any(|command| command.trim().is_empty()) {
        return flaw(commands.span(), format!("restore.{key} has an empty command"));
    }
    Ok(commands.get_ref().clone())
}

fn check_name(name: &str) -> Result<(), String> {
    if name.is_empty() || name.contains('\0') {
        return Err(format!("restore.database = {name:?}: this is not a name of a database"));
    }
    if name.len() > NAME_MAX {
        return Err(format!(
            "restore.database: {name:?} has {} bytes, and PostgreSQL's names have {NAME_MAX} at \
             most",
            name.len()
        ));
    }
    Ok(())
}
