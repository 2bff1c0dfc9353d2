//! `jobtune verify`: whether two databases, or a database and an archive, hold the same.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use restore_core::archive::Archive;
use restore_core::connection::Conninfo;
use restore_core::units::Jobs;

use super::{Status, written};
use crate::cli::VerifyArgs;
use crate::printer::Printer;
use crate::provider::process_environment;
use crate::provider::programs::{self, Need, Programs};
use crate::verify::archive::CopiedTables;
use crate::verify::database::{self, Reading, check_version};
use crate::verify::{Certificate, Comparable, Contents, Ignored, Sides, archive};

/// One side of a comparison.
enum Side {
    Archive(Arc<Archive>),
    Database(Box<Conninfo>),
}

impl Side {
    /// An archive where there is a file or folder of this name, else a database.
    fn open(text: &str, printer: &Printer) -> anyhow::Result<Self> {
        if Path::new(text).exists() {
            return Ok(Self::Archive(Arc::new(Archive::open(text)?)));
        }
        let conninfo = Conninfo::parse(text, &process_environment())
            .with_context(|| format!("{text:?} is no file, and no database"))?;
        for warning in conninfo.warnings() {
            printer.warn(warning.to_string());
        }
        Ok(Self::Database(Box::new(conninfo)))
    }

    fn name(&self) -> String {
        match self {
            Self::Archive(archive) => {
                let path = archive.path();
                path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
            }
            Self::Database(conninfo) => conninfo.database().to_owned(),
        }
    }

    fn archive(&self) -> Option<&Archive> {
        match self {
            Self::Archive(archive) => Some(archive),
            Self::Database(_) => None,
        }
    }

    /// The major version of the `pg_dump` whose definitions are compared.
    fn dumped_by(&self, programs: Option<&Programs>) -> Option<u32> {
        match self {
            Self::Archive(archive) => archive.header().dumped_by_major(),
            Self::Database(_) => programs.map(|programs| programs.version.major),
        }
    }
}

pub(super) async fn run(args: &VerifyArgs, printer: &Printer) -> anyhow::Result<Status> {
    let sides = [Side::open(&args.left, printer)?, Side::open(&args.right, printer)?];
    let programs = if sides.iter().any(|side| side.archive().is_none()) {
        Some(programs::find(args.bindir.as_deref(), Need::Client).await?)
    } else {
        None
    };
    let like = sides.iter().find_map(Side::archive).map(archive::copied_tables).transpose()?;
    let encoding =
        sides.iter().find_map(Side::archive).map_or("UTF8", |archive| archive.encoding().name());
    let ignored = Ignored { owners: args.no_owner, privileges: args.no_privileges };
    let reader = Reader {
        programs: programs.as_ref(),
        ignored,
        jobs: args.jobs.unwrap_or(Jobs::ONE),
        encoding,
        like: like.as_ref(),
    };
    printer.note(format!("reading {} and {}", sides[0].name(), sides[1].name()));
    let (left, right) = tokio::try_join!(reader.read(&sides[0]), reader.read(&sides[1]))?;
    let versions = [&sides[0], &sides[1]].map(|side| side.dumped_by(programs.as_ref()));
    let comparable = Comparable { definitions: versions[0] == versions[1] };
    let names = Sides { left: sides[0].name(), right: sides[1].name() };
    let not_compared = not_compared(ignored, versions, &sides);
    let certificate = Certificate::of(names, &left, &right, comparable, not_compared);
    printer.answer(&written(&certificate, args.format, printer)?);
    Ok(if certificate.equal { Status::Done } else { Status::Different })
}

/// How both sides are read.
struct Reader<'a> {
    programs: Option<&'a Programs>,
    ignored: Ignored,
    jobs: Jobs,
    encoding: &'a str,
    like: Option<&'a CopiedTables>,
}

impl Reader<'_> {
    async fn read(&self, side: &Side) -> anyhow::Result<Contents> {
        match (side, self.programs) {
            (Side::Archive(archive), _) => {
                let (archive, ignored, jobs) = (Arc::clone(archive), self.ignored, self.jobs);
                tokio::task::spawn_blocking(move || archive::read(&archive, ignored, jobs)).await?
            }
            (Side::Database(conninfo), Some(programs)) => {
                check_version(conninfo, programs).await?;
                let (ignored, jobs, encoding) = (self.ignored, self.jobs, self.encoding);
                let reading = Reading { programs, ignored, jobs, encoding };
                let read = database::read(conninfo, reading, self.like).await;
                read.with_context(|| format!("cannot read database {}", conninfo.database()))
            }
            (Side::Database(_), None) => anyhow::bail!("no pg_dump was looked for"),
        }
    }
}

/// What a reader of the certificate should not take for compared.
fn not_compared(ignored: Ignored, versions: [Option<u32>; 2], sides: &[Side; 2]) -> Vec<String> {
    let mut left_out = Vec::new();
    if versions[0] != versions[1] {
        let shown = versions.map(|version| version.map_or("?".to_owned(), |v| v.to_string()));
        left_out.push(format!(
            "The text of definitions, which pg_dump {} and {} write in their own ways: objects \
             were compared by kind and name.",
            shown[0], shown[1]
        ));
    }
    if ignored.owners {
        left_out.push("Owners (--no-owner).".to_owned());
    }
    if ignored.privileges {
        left_out.push("Grants and default privileges (--no-privileges).".to_owned());
    }
    if sides.iter().any(|side| side.archive().is_some()) {
        left_out.push(
            "Owners, grants and comments of large objects, and which indexes are valid: an \
             archive does not tell."
                .to_owned(),
        );
    }
    left_out
}
