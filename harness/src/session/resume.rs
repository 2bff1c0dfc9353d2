//! What must still be so for a run to be resumed.

use std::path::Path;

use anyhow::bail;

use super::host::{self, host};
use crate::record::{FileDigest, Host, RunRecord};
use crate::scenario::Scenario;
use crate::sweep::venue::Venues;

/// Refuses another scenario than that of the run; the budget may be another.
pub(super) fn check_scenario(
    mut now: Scenario,
    run: &RunRecord,
    folder: &Path,
) -> anyhow::Result<()> {
    now.sweep.budget = run.scenario.sweep.budget;
    if run.shard.is_some() {
        now.sweep.blocks.min = now.sweep.blocks.max;
    }
    if now != run.scenario {
        bail!(
            "the scenario has changed since {} was made: resume without naming a scenario, \
             or start a new run",
            folder.display()
        );
    }
    Ok(())
}

/// Refuses another machine, a machine of another label, and a run that is of
/// several machines.
pub(super) fn check_host(
    run: &RunRecord,
    label: Option<&str>,
    folder: &Path,
) -> anyhow::Result<()> {
    if !run.hosts.is_empty() {
        bail!("{} was merged from shards: resume those, and merge them again", folder.display());
    }
    let here = host();
    if here != run.host {
        bail!(
            "{} was made on another host ({}; this is {}): its trials cannot go on here",
            folder.display(),
            describe_host(&run.host),
            describe_host(&here)
        );
    }
    let identity = run.identity.as_ref();
    check_identity(
        "name",
        identity.and_then(|of| of.name.as_deref()),
        host::name().as_deref(),
        folder,
    )?;
    check_identity("label", identity.and_then(|of| of.label.as_deref()), label, folder)
}

/// What is known of both must be the same.
fn check_identity(
    what: &str,
    then: Option<&str>,
    now: Option<&str>,
    folder: &Path,
) -> anyhow::Result<()> {
    match then.zip(now) {
        Some((then, now)) if then != now => bail!(
            "{} was made on another host (its {what} is {then:?}, that of this one {now:?}): run \
             the shard anew, into another folder",
            folder.display()
        ),
        _ => Ok(()),
    }
}

fn describe_host(host: &Host) -> String {
    format!("{}, kernel {}, {} x {}", host.os, host.kernel, host.cores, host.cpu_model)
}

/// Refuses other servers, archives and scripts than those of the trials so far.
pub(super) fn check_venues(
    run: &RunRecord,
    venues: &Venues,
    scripts: &[FileDigest],
) -> anyhow::Result<()> {
    for venue in &venues.all {
        let (variant, server) = (&venue.variant, &venue.record);
        let then = run.servers.get(variant).map(|then| (&then.version, &then.client_version));
        if then != Some((&server.version, &server.client_version)) {
            bail!(
                "the server of variant {variant:?} is another one now (PostgreSQL {}, programs \
                 {}): its trials cannot go on",
                server.version,
                server.client_version
            );
        }
    }
    check_archives(run, venues)?;
    match scripts.iter().find(|script| !run.scripts.contains(script)) {
        Some(script) => bail!(
            "cannot resume: the script {} has changed since the run was made; put it back as it \
             was, or start a new run",
            script.path.display()
        ),
        None => Ok(()),
    }
}

fn check_archives(run: &RunRecord, venues: &Venues) -> anyhow::Result<()> {
    for archive in venues.archives() {
        let then = run.archive(&archive.key);
        if then.is_some_and(|then| then.selection != archive.selection) {
            let options = run.scenario.options(&archive.key.variant);
            let files: Vec<_> = options.files().map(|file| file.display().to_string()).collect();
            bail!(
                "cannot resume: {} selects other items than when the run was made; put it back \
                 as it was, or start a new run",
                files.join(" or ")
            );
        }
        if then.map(|then| &then.sha256) != Some(&archive.sha256) {
            bail!(
                "the archive {} has changed since the run was made: its trials cannot go on",
                archive.path.display()
            );
        }
    }
    Ok(())
}
