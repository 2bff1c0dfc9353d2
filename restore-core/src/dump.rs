//! Makes archives with `pg_dump`.

use std::path::Path;

use crate::engine::Target;
use crate::format::{Compression, Format, Method};
use crate::launch::{CommandLine, LaunchError, Launcher, Output, succeed};
use crate::units::Jobs;

/// What to dump and how.
#[derive(Debug, Clone)]
pub struct DumpRequest<'a> {
    /// The database.
    pub source: &'a Target,
    /// The file or directory to make, as the client programs see it.
    pub archive: &'a Path,
    /// The format.
    pub format: Format,
    /// The compression.
    pub compression: Compression,
    /// Concurrent workers; more than one only for directories (`pg_dump`
    /// since PostgreSQL 9.3).
    pub jobs: Jobs,
    /// A snapshot that another session exported, so that several archives
    /// hold exactly the same rows.
    pub snapshot: Option<&'a str>,
}

impl DumpRequest<'_> {
    /// The program that makes archives.
    pub const PROGRAM: &'static str = "pg_dump";

    /// The command that the request comes to, for a `pg_dump` of this major
    /// version.
    pub fn command(&self, pg_dump_major: u32) -> CommandLine {
        let mut command = CommandLine::new(Self::PROGRAM)
            .arg(format!("--dbname={}", self.source.conninfo))
            .arg(format!("--format={}", self.format))
            .arg("--no-password")
            .arg(format!("--file={}", self.archive.to_string_lossy()))
            .envs(&self.source.env);
        command.env.push(("LC_ALL".to_owned(), "C".to_owned()));
        if let Some(option) = compress_option(self.format, self.compression, pg_dump_major) {
            command = command.arg(option);
        }
        if self.format == Format::Directory && self.jobs != Jobs::ONE {
            command = command.arg(format!("--jobs={}", self.jobs));
        }
        if let Some(snapshot) = self.snapshot {
            command = command.arg(format!("--snapshot={snapshot}"));
        }
        command
    }

    /// Makes the archive.
    pub async fn run(
        &self,
        launcher: &dyn Launcher,
        pg_dump_major: u32,
    ) -> Result<Output, LaunchError> {
        succeed(launcher, self.command(pg_dump_major)).await
    }
}

/// The option that asks for a compression: before PostgreSQL 16 it took a
/// level and nothing else; tar cannot be compressed, and a compressed plain
/// dump cannot be fed to psql as it is.
fn compress_option(format: Format, compression: Compression, major: u32) -> Option<String> {
    if matches!(format, Format::Tar | Format::Plain) {
        return None;
    }
    if major >= Method::Zstd.since_major() {
        return Some(format!("--compress={compression}"));
    }
    match (compression.method(), compression.level()) {
        (Method::None, _) => Some("--compress=0".to_owned()),
        (_, Some(level)) => Some(format!("--compress={level}")),
        (_, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn option(compression: &str, major: u32) -> Option<String> {
        compress_option(Format::Custom, compression.parse().unwrap(), major)
    }

    #[test]
    fn old_programs_take_a_level_and_new_ones_a_method() {
        assert_eq!(option("none", 15).as_deref(), Some("--compress=0"));
        assert_eq!(option("gzip:9", 15).as_deref(), Some("--compress=9"));
        assert_eq!(option("gzip", 15), None);
        assert_eq!(option("none", 17).as_deref(), Some("--compress=none"));
        assert_eq!(option("zstd:3", 17).as_deref(), Some("--compress=zstd:3"));
    }

    #[test]
    fn plain_and_tar_are_never_compressed() {
        let gzip = "gzip:6".parse().unwrap();
        assert_eq!(compress_option(Format::Plain, gzip, 17), None);
        assert_eq!(compress_option(Format::Tar, gzip, 17), None);
    }
}
