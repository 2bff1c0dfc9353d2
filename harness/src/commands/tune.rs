//! `jobtune tune`: finds -j for one archive with few restores.

use restore_core::units::Jobs;

use super::sweep::{carry_out_and_answer, open};
use super::{Status, recommend};
use crate::cli::{SweepArgs, TuneArgs};
use crate::printer::Printer;
use crate::record::{Ending, Run};
use crate::scenario::quantity::{Span, WarmUp};
use crate::scenario::{Provider, Scenario};
use crate::session::host;
use crate::tune::prior;

pub(super) async fn run(args: TuneArgs, printer: &Printer) -> anyhow::Result<Status> {
    let mut session = open(&sweep_args(&args))?;
    if !session.is_resumed() {
        let scenario = &mut session.scenario;
        if let Some(tolerance) = args.tolerance {
            scenario.limits.tolerance = tolerance;
        }
        if args.jobs.is_none() {
            scenario.sweep.jobs = prior::candidates(cores_beforehand(scenario));
        }
        scenario.sweep.warm_up = args.warm_up.unwrap_or(USUAL_WARM_UP);
        session.max_restores = Some(usual_restores(&scenario.sweep.jobs));
    }
    session.max_restores = args.max_restores.or(session.max_restores);
    carry_out_and_answer(&session, &args.state, printer, |folder| {
        printer.answer(&recommend::render(&Run::read(folder.clone())?, args.format, printer)?);
        if folder.run()?.ended == Some(Ending::MaxTrials) {
            printer.note(format!(
                "\nMore restores: jobtune tune --resume {} --max-restores N",
                folder.path().display()
            ));
        }
        Ok(())
    })
    .await
}

/// The warm-up where none is asked for. A restore of seconds warms up whole, and
/// one of hours, which cannot be had twice, costs a minute more: by then
/// programs, catalogs and recycled WAL are as they will be, and the archive is
/// read from its disk in any case.
const USUAL_WARM_UP: WarmUp = WarmUp::AtMost(Span::from_secs(60));

/// Restores where none are asked for: with the warm-up about a third of a sweep of
/// five blocks, if there are four -j or more.
fn usual_restores(jobs: &[Jobs]) -> u32 {
    /// Below this a probability has little to rest on.
    const LEAST: u32 = 5;
    (jobs.len() as u32 + 2).max(LEAST)
}

fn sweep_args(args: &TuneArgs) -> SweepArgs {
    SweepArgs {
        archive: args.archive.clone(),
        out: args.out.clone(),
        resume: args.resume.clone(),
        jobs: args.jobs.clone(),
        budget: args.budget,
        hooks: args.hooks.clone(),
        server: args.server.clone(),
        errors: args.errors.clone(),
        seed: args.seed,
        restore_options: args.restore_options.clone(),
        ..SweepArgs::default()
    }
}

/// Processors of a server that is yet to be started.
fn cores_beforehand(scenario: &Scenario) -> Option<u32> {
    match scenario.variants[0].server.provider {
        Provider::Docker { cpus: Some(cpus), .. } => Some((cpus.ceil() as u32).max(1)),
        Provider::Local { .. } | Provider::Docker { .. } => Some(host().cores),
        Provider::External { .. } => None,
    }
}
