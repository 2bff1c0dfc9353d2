//! Finds PostgreSQL's programs on this machine.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

use restore_core::launch::{CommandLine, succeed};

use crate::process::LocalLauncher;

/// What a client needs.
const CLIENT: [&str; 3] = ["pg_dump", "pg_restore", "psql"];

/// What a throw-away cluster needs besides.
const SERVER: [&str; 3] = ["initdb", "pg_ctl", "postgres"];

/// A version of PostgreSQL, as its programs print it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// 17 of 17.2; 9 of 9.6.24.
    pub major: u32,
    /// All of it: `17.2`, `18beta1`.
    pub text: String,
}

impl Version {
    /// Reads `pg_restore (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`.
    pub fn parse(line: &str) -> Option<Self> {
        let text = line.split_once("(PostgreSQL) ")?.1.split(' ').next()?;
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        Some(Self { major: text[..digits].parse().ok()?, text: text.to_owned() })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

/// The programs of one folder, all of one major version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Programs {
    /// The folder.
    pub bindir: PathBuf,
    /// Their version.
    pub version: Version,
    /// Whether a server can be made with them.
    pub has_server: bool,
    /// Whether `pgbench` is among them.
    pub has_pgbench: bool,
}

/// Why no programs can be used.
#[derive(Debug, thiserror::Error)]
pub enum ProgramsError {
    /// Nothing was found anywhere.
    #[error(
        "no PostgreSQL {what} found: looked in {looked}.\nInstall it (Debian, Ubuntu: apt install \
         postgresql; Fedora: dnf install postgresql-server; macOS: brew install postgresql@17), or \
         name its folder with --bindir; `jobtune doctor` shows what is there"
    )]
    NotFound {
        /// Server or client programs.
        what: &'static str,
        /// Where.
        looked: String,
    },
    /// The folder that was named lacks some.
    #[error("{bindir} has no {missing}: name a folder with PostgreSQL's {what} programs")]
    Incomplete {
        /// The folder.
        bindir: PathBuf,
        /// The programs it lacks.
        missing: String,
        /// Server or client programs.
        what: &'static str,
    },
    /// Programs of several major versions lie together.
    #[error(
        "{bindir} mixes major versions of PostgreSQL ({seen}): a restore would measure neither; \
         name a folder of one version with --bindir"
    )]
    Mixed {
        /// The folder.
        bindir: PathBuf,
        /// What was seen.
        seen: String,
    },
    /// A program does not say its version.
    #[error("{program} does not say its version: {reason}")]
    Unusable {
        /// The program.
        program: PathBuf,
        /// What it said.
        reason: String,
    },
}

/// What the programs are needed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// To talk to a server that is there.
    Client,
    /// To make a throw-away cluster.
    Server,
}

impl Need {
    fn programs(self) -> impl Iterator<Item = &'static str> {
        let server: &[&str] = if self == Self::Server { &SERVER } else { &[] };
        CLIENT.into_iter().chain(server.iter().copied())
    }

    fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
        }
    }
}

/// The programs to use: those of `bindir` if one is named, else the newest
/// that the machine has.
pub async fn find(bindir: Option<&Path>, need: Need) -> Result<Programs, ProgramsError> {
    if let Some(bindir) = bindir {
        return inspect(bindir, need).await;
    }
    find_all(need).await.into_iter().next().ok_or_else(|| ProgramsError::NotFound {
        what: need.name(),
        looked: "PATH, pg_config and the usual folders".to_owned(),
    })
}

/// All that this machine has, newest first.
pub async fn find_all(need: Need) -> Vec<Programs> {
    let mut found = Vec::new();
    for bindir in candidates().await {
        if let Ok(programs) = inspect(&bindir, need).await {
            found.push(programs);
        }
    }
    found.sort_by_key(|programs| std::cmp::Reverse(programs.version.major));
    found
}

async fn inspect(bindir: &Path, need: Need) -> Result<Programs, ProgramsError> {
    let missing: Vec<&str> =
        need.programs().filter(|program| !bindir.join(program).is_file()).collect();
    if !missing.is_empty() {
        return Err(ProgramsError::Incomplete {
            bindir: bindir.to_owned(),
            missing: missing.join(", "),
            what: need.name(),
        });
    }
    let mut versions = Vec::new();
    for program in need.programs() {
        versions.push((program, version(bindir, program).await?));
    }
    if versions.iter().any(|(_, version)| version.major != versions[0].1.major) {
        let seen: Vec<String> =
            versions.iter().map(|(program, version)| format!("{program} {version}")).collect();
        return Err(ProgramsError::Mixed { bindir: bindir.to_owned(), seen: seen.join(", ") });
    }
    Ok(Programs {
        bindir: bindir.to_owned(),
        version: versions.swap_remove(0).1,
        has_server: SERVER.iter().all(|program| bindir.join(program).is_file()),
        has_pgbench: bindir.join("pgbench").is_file(),
    })
}

async fn version(bindir: &Path, program: &'static str) -> Result<Version, ProgramsError> {
    let unusable =
        |reason: String| ProgramsError::Unusable { program: bindir.join(program), reason };
    let command = CommandLine::new(program).arg("--version");
    let said = succeed(&LocalLauncher::in_folder(bindir), command)
        .await
        .map_err(|error| unusable(error.reason))?;
    let line = said.stdout.first().cloned().unwrap_or_default();
    Version::parse(&line).ok_or_else(|| unusable(format!("it printed {line:?}")))
}

/// Folders that may hold PostgreSQL's programs, each once.
async fn candidates() -> Vec<PathBuf> {
    let mut folders = usual_folders();
    let command = CommandLine::new("pg_config").arg("--bindir");
    if let Ok(said) = succeed(&LocalLauncher::on_path(), command).await {
        folders.extend(said.stdout.first().map(PathBuf::from));
    }
    // Last, since what PATH finds may be a wrapper that picks a version by
    // rules of its own (Debian's pg_wrapper).
    folders.extend(std::env::var_os("PATH").iter().flat_map(std::env::split_paths));
    let mut seen = BTreeSet::new();
    folders.retain(|folder| {
        let folder = folder.canonicalize().unwrap_or_else(|_| folder.clone());
        folder.is_dir() && seen.insert(folder)
    });
    folders
}

/// Where packages put PostgreSQL: for each parent, the `bin` folders of its
/// versions.
fn usual_folders() -> Vec<PathBuf> {
    const PARENTS: [(&str, &str); 6] = [
        // Debian, Ubuntu
        ("/usr/lib/postgresql", ""),
        // Red Hat and its kin, with packages of the PostgreSQL project
        ("/usr", "pgsql-"),
        // Homebrew on Apple processors, on Intel, and on Linux
        ("/opt/homebrew/opt", "postgresql"),
        ("/usr/local/opt", "postgresql"),
        ("/home/linuxbrew/.linuxbrew/opt", "postgresql"),
        // Postgres.app
        ("/Applications/Postgres.app/Contents/Versions", ""),
    ];
    let mut folders = Vec::new();
    for (parent, prefix) in PARENTS {
        let Ok(entries) = std::fs::read_dir(parent) else { continue };
        for entry in entries.flatten() {
            if entry.file_name().to_string_lossy().starts_with(prefix) {
                folders.push(entry.path().join("bin"));
            }
        }
    }
    folders.push(PathBuf::from("/usr/local/pgsql/bin"));
    folders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_as_programs_print_them() {
        let parse = |line| Version::parse(line).map(|version| (version.major, version.text));
        let debian = "pg_restore (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)";
        assert_eq!(parse(debian), Some((15, "15.18".to_owned())));
        assert_eq!(parse("psql (PostgreSQL) 18beta1"), Some((18, "18beta1".to_owned())));
        assert_eq!(parse("psql (PostgreSQL) devel"), None);
        assert_eq!(parse("mysql Ver 8"), None);
    }

    fn fake(folder: &Path, program: &str, version: &str) {
        use std::os::unix::fs::PermissionsExt;
        let path = folder.join(program);
        let script = format!("#!/bin/sh\necho '{program} (PostgreSQL) {version}'\n");
        std::fs::write(&path, script).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    #[tokio::test]
    async fn mixed_majors_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        Need::Server.programs().for_each(|program| fake(folder.path(), program, "17.2"));
        let programs = find(Some(folder.path()), Need::Server).await.unwrap();
        assert_eq!((programs.version.major, programs.has_pgbench), (17, false));

        fake(folder.path(), "pg_restore", "15.1");
        let error = find(Some(folder.path()), Need::Server).await.unwrap_err().to_string();
        assert!(error.contains("pg_restore 15.1") && error.contains("postgres 17.2"), "{error}");
    }

    #[tokio::test]
    async fn an_incomplete_folder_is_told_by_what_it_lacks() {
        let folder = tempfile::tempdir().unwrap();
        Need::Client.programs().for_each(|program| fake(folder.path(), program, "17.2"));
        assert!(find(Some(folder.path()), Need::Client).await.is_ok());
        let error = find(Some(folder.path()), Need::Server).await.unwrap_err().to_string();
        assert!(error.contains("has no initdb, pg_ctl, postgres"), "{error}");
    }
}
