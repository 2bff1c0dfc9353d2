//! What a connection takes from its surroundings: variables, the operating
//! system's user, that user's home.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use nix::unistd::{Uid, User};

/// The surroundings of a connection.
///
/// Only the outermost layer reads the variables of the process; it hands them
/// in here.
#[derive(Clone)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    user: Option<String>,
    home: Option<PathBuf>,
}

impl Environment {
    /// Surroundings with these variables.
    ///
    /// The user's name and, without `HOME`, the home folder come from the
    /// system's user database, under the effective user as in libpq's
    /// `pg_fe_getauthname` and `pqGetHomeDirectory`.
    pub fn new(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let variables: BTreeMap<_, _> = variables.into_iter().collect();
        let account = User::from_uid(Uid::effective()).ok().flatten();
        let home = match variables.get("HOME") {
            Some(home) if !home.is_empty() => Some(PathBuf::from(home)),
            _ => account.as_ref().map(|account| account.dir.clone()),
        };
        Self { variables, user: account.map(|account| account.name), home }
    }

    /// The value of a variable; a set but empty one is `Some("")`.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// The name of the operating system's user.
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// A file or folder under the home folder.
    pub fn at_home(&self, path: impl AsRef<Path>) -> Option<PathBuf> {
        self.home.as_ref().map(|home| home.join(path))
    }
}
