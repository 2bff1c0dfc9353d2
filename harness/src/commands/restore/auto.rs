//! What steers a restore: its limits with `-j auto`, and the control socket.

use anyhow::bail;
use restore_core::connection::Conninfo;
use restore_core::units::Jobs;

use crate::cli::{JobCount, RestoreArgs};
use crate::keep::socket::{self, Listener};
use crate::keep::{Keeper, KeeperSpec, ProbeSpec};
use crate::printer::Printer;
use crate::provider::process_environment;

/// The limits of a restore with everything that reads them; `None` with a fixed number of
/// workers.
pub(super) async fn keeper(
    args: &RestoreArgs,
    target: &Conninfo,
    most: Jobs,
) -> anyhow::Result<Option<Keeper>> {
    let keep = &args.keep;
    match args.jobs {
        Some(JobCount::Auto) if keep.keep.is_empty() => bail!(
            "-j auto needs a limit to keep, such as --keep cpu=80%, or --keep p99=12ms with a \
             --probe"
        ),
        Some(JobCount::Auto) => {}
        _ if keep.keep.is_empty() && keep.max_jobs.is_none() && keep.probe.is_none() => {
            return Ok(None);
        }
        _ => bail!("--keep, --max-jobs and --probe are for -j auto"),
    }
    let probe = match &keep.probe {
        None => None,
        Some(sql) => {
            let target = match keep.probe_dbname.as_deref() {
                None => target.clone(),
                Some(name) if name.contains('=') || name.contains("://") => {
                    Conninfo::parse(name, &process_environment())?
                }
                Some(name) => target.with_database(name),
            };
            Some(ProbeSpec { sql: sql.clone(), target, rate: keep.probe_rate })
        }
    };
    let spec = KeeperSpec { limits: keep.keep.clone(), probe, most, target: target.clone() };
    Ok(Some(Keeper::prepare(spec).await?))
}

/// Makes the control socket. A restore that cannot be asked goes on without, unless its user said
/// where.
pub(super) fn listen(args: &RestoreArgs, printer: &Printer) -> anyhow::Result<Option<Listener>> {
    let path = args.keep.control.clone().unwrap_or_else(socket::usual);
    match Listener::bind(&path) {
        Ok(listener) => Ok(Some(listener)),
        Err(error) if args.keep.control.is_some() => {
            bail!("the control socket {} cannot be made: {error}", path.display())
        }
        Err(error) => {
            printer.warn(format!("no control socket at {}: {error}", path.display()));
            Ok(None)
        }
    }
}
