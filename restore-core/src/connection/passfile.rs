//! Password files, as `passwordFromFile` of libpq's `fe-connect.c` reads them.

use std::fmt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::warning::Warning;

/// The lines of a password file: `host:port:database:user:password`.
#[derive(Clone, Default)]
pub(super) struct Passfile {
    /// The file, if it could be used.
    path: Option<PathBuf>,
    lines: Vec<String>,
}

/// What a password is looked up by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lookup<'a> {
    /// The host as given (a name, an address, or `localhost` for the default
    /// socket folder).
    pub host: &'a str,
    /// The port, in decimal.
    pub port: u16,
    /// The name of the database.
    pub database: &'a str,
    /// The name of the user.
    pub user: &'a str,
}

impl Passfile {
    /// Reads a password file.
    ///
    /// Like libpq, a file that is absent counts as empty, and one that others
    /// may read, or that is no plain file, is left alone with a warning.
    pub(super) fn read(path: &Path) -> (Self, Option<Warning>) {
        let Ok(metadata) = std::fs::metadata(path) else {
            return (Self::default(), None);
        };
        let ignored = |why: String| {
            (Self::default(), Some(Warning::PassfileIgnored { path: path.to_owned(), why }))
        };
        if !metadata.is_file() {
            return ignored("it is not a plain file".to_owned());
        }
        let mode = metadata.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            let why = format!("its permissions are {mode:04o}; make them u=rw (0600) or less");
            return ignored(why);
        }
        match std::fs::read(path) {
            // Lines may be in any encoding; those that are not UTF-8 can
            // match no conninfo, which is text.
            Ok(bytes) => {
                let lines = bytes.split(|&byte| byte == b'\n');
                let lines = lines.filter_map(|line| String::from_utf8(line.to_vec()).ok());
                (Self { path: Some(path.to_owned()), lines: lines.collect() }, None)
            }
            Err(cause) => ignored(cause.to_string()),
        }
    }

    /// The password on the first line that matches.
    pub(super) fn password(&self, lookup: Lookup<'_>) -> Option<String> {
        let port = lookup.port.to_string();
        self.lines.iter().find_map(|line| {
            let line = line.trim_end_matches('\r');
            if line.is_empty() || line.starts_with('#') {
                return None;
            }
            let rest = after_field(line, lookup.host)?;
            let rest = after_field(rest, &port)?;
            let rest = after_field(rest, lookup.database)?;
            let rest = after_field(rest, lookup.user)?;
            Some(unescaped(rest))
        })
    }

    /// The file that was read, if it could be used.
    pub(super) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }
}

impl fmt::Debug for Passfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Passfile({:?}, {} lines)", self.path, self.lines.len())
    }
}

/// What follows the first field and its colon, if the field is `*` or, with
/// its backslashes taken away, `wanted`.
fn after_field<'a>(line: &'a str, wanted: &str) -> Option<&'a str> {
    if let Some(rest) = line.strip_prefix("*:") {
        return Some(rest);
    }
    let mut wanted = wanted.chars();
    let mut rest = line.chars();
    loop {
        match rest.next()? {
            // A colon within the field needs no backslash where it is wanted.
            ':' if wanted.as_str().is_empty() => return Some(rest.as_str()),
            '\\' if !rest.as_str().is_empty() => {
                if rest.next() != wanted.next() {
                    return None;
                }
            }
            c => {
                if wanted.next() != Some(c) {
                    return None;
                }
            }
        }
    }
}

/// The password: up to a colon that no backslash escapes.
fn unescaped(text: &str) -> String {
    let mut password = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            ':' => break,
            '\\' => password.push(rest.next().unwrap_or('\\')),
            c => password.push(c),
        }
    }
    password
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn find(lines: &[&str], host: &str, database: &str, user: &str) -> Option<String> {
        let lines = lines.iter().map(ToString::to_string).collect();
        Passfile { path: None, lines }.password(Lookup { host, port: 5432, database, user })
    }

    #[test]
    fn the_first_matching_line_counts() {
        let lines = ["# h:5432:d:u:no", "h:1:d:u:port", "h:5432:*:u:one\r", "*:*:*:*:two"];
        assert_eq!(find(&lines, "h", "d", "u").as_deref(), Some("one"));
        assert_eq!(find(&lines, "h", "d", "v").as_deref(), Some("two"));
        assert_eq!(find(&lines[..3], "h", "d", "v"), None);
    }

    #[test]
    fn escapes_work_in_fields_and_password() {
        assert_eq!(
            find(&[r"\:\:1:*:*:u:a\:b\\c:rest"], "::1", "d", "u").as_deref(),
            Some(r"a:b\c")
        );
        assert_eq!(find(&["::1:*:*:u:x"], "::1", "d", "u").as_deref(), Some("x"));
        // A star counts as any only when it is the whole field.
        assert_eq!(find(&["h*:*:*:*:x"], "host", "d", "u"), None);
        assert_eq!(find(&["*:*:*:u:"], "h", "d", "u").as_deref(), Some(""));
        assert_eq!(find(&["*:*:*:u"], "h", "d", "u"), None);
    }

    #[test]
    fn a_file_that_others_may_read_is_ignored() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pass");
        std::fs::write(&path, "*:*:*:*:x\n").unwrap();
        let lookup = Lookup { host: "h", port: 1, database: "d", user: "u" };
        for (mode, usable) in [(0o600, true), (0o400, true), (0o640, false), (0o604, false)] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let (file, warning) = Passfile::read(&path);
            assert_eq!(file.password(lookup).is_some(), usable, "{mode:o}");
            assert_eq!(warning.is_none(), usable, "{mode:o}");
        }
        assert!(Passfile::read(dir.path()).1.is_some());
        assert!(Passfile::read(&dir.path().join("no")).1.is_none());
    }

    proptest! {
        #[test]
        fn escaped_fields_match(host in "[^\0\r\n]{1,8}", password in "[^\0\r\n]{0,8}") {
            let escape = |text: &str| text.replace('\\', r"\\").replace(':', r"\:");
            let line = format!("{}:5432:d:u:{}", escape(&host), escape(&password));
            prop_assume!(!line.starts_with('#'));
            prop_assert_eq!(find(&[&line], &host, "d", "u"), Some(password));
        }
    }
}
