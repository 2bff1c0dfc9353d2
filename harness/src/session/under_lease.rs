//! Work under a lease: what it has made is removed however it ends.

use std::path::Path;

use anyhow::bail;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;

use crate::lease::{Lease, Resource};
use crate::printer::Printer;
use crate::provider::remove;

/// What came of the work, `None` if it was interrupted; and of removing what it had made.
pub(super) struct Carried<W> {
    pub(super) result: anyhow::Result<Option<W>>,
    pub(super) cleared: anyhow::Result<()>,
}

/// Does the work of a run under a lease, which is kept in `state_folder`.
pub(super) async fn under_lease<W>(
    state_folder: &Path,
    run: &str,
    printer: &Printer,
    work: impl AsyncFnOnce(&Lease) -> anyhow::Result<W>,
) -> anyhow::Result<Carried<W>> {
    let (lease, left) = Lease::take(state_folder, run)?;
    let work = async {
        // What an earlier execution left would be in the way of this one.
        if let Some(error) = remove(&left).await.into_iter().next() {
            return Err(error.context("something that the run made earlier cannot be removed"));
        }
        work(&lease).await
    };
    let result = tokio::select! {
        result = work => result.map(Some),
        () = interrupted() => Ok(None),
    };
    printer.clear();
    let impatient = exit_at_once_if_interrupted_again();
    let resources = lease.resources()?;
    let cleared = clear(lease, &resources, printer).await;
    impatient.abort();
    Ok(Carried { result, cleared })
}

/// Removes what a lease lists and gives it up. What cannot be removed is
/// said, and the lease is kept for `jobtune clean`.
pub async fn clear(lease: Lease, resources: &[Resource], printer: &Printer) -> anyhow::Result<()> {
    let errors = remove(resources).await;
    for error in &errors {
        printer.warn(format!("{error:#}"));
    }
    if !errors.is_empty() {
        bail!("something could not be removed; `jobtune clean` will try again");
    }
    lease.release()
}

async fn interrupted() {
    let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
    let waits = kinds.map(|kind| {
        Box::pin(async move {
            match signal(kind) {
                Ok(mut signals) => drop(signals.recv().await),
                // Without a handler the signal ends the process by itself.
                Err(_) => std::future::pending().await,
            }
        })
    });
    futures_util::future::select_all(waits).await;
}

/// Clearing up takes a moment; whoever cannot wait for it can clean later.
fn exit_at_once_if_interrupted_again() -> JoinHandle<()> {
    tokio::spawn(async {
        interrupted().await;
        std::process::exit(130);
    })
}
