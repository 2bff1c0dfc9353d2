//! `jobtune noise`: what this machine can and cannot detect.

use std::fs;
use std::path::Path;

use super::sweep::{carry_out_and_answer, open};
use super::{Status, written};
use crate::analysis::RunFacts;
use crate::cli::{NoiseArgs, SweepArgs};
use crate::gate::Policy;
use crate::gate::noise::{AGAIN, Noise, Suspicion};
use crate::printer::Printer;
use crate::record::RunFolder;
use crate::scenario::{Scenario, Variant};

/// Blocks of an A/A run where none are asked for: enough for a spread.
const BLOCKS: u32 = 6;

/// From this load average per processor on, the machine is at work already.
const BUSY: f64 = 0.5;

pub(super) async fn run(args: NoiseArgs, printer: &Printer) -> anyhow::Result<Status> {
    // A run that was made for this is looked at again.
    if args.scenario.is_dir() {
        let folder = RunFolder::open(&args.scenario)?;
        return answer(&folder, Vec::new(), &args, printer).map(|()| Status::Done);
    }
    let mut session = open(&sweep_args(&args))?;
    twice(&mut session.scenario);
    let mut suspicions = before();
    carry_out_and_answer(&session, &args.state, printer, |folder| {
        suspicions.extend(frequency());
        answer(folder, suspicions, &args, printer)
    })
    .await
}

fn sweep_args(args: &NoiseArgs) -> SweepArgs {
    SweepArgs {
        scenarios: vec![args.scenario.clone()],
        out: args.out.clone(),
        jobs: args.jobs.clone(),
        formats: args.formats.clone(),
        blocks: Some(args.blocks.unwrap_or(BLOCKS)),
        scale: args.scale,
        budget: args.budget,
        server: args.server.clone(),
        seed: args.seed,
        shard: args.shard,
        host: args.host.clone(),
        restore_options: args.restore_options.clone(),
        ..SweepArgs::default()
    }
}

/// The scenario as it stands, and once more.
fn twice(scenario: &mut Scenario) {
    scenario.variants.truncate(1);
    let again = scenario
        .variants
        .iter()
        .map(|variant| Variant { name: AGAIN.to_owned(), ..variant.clone() });
    scenario.variants.extend(again.collect::<Vec<_>>());
}

fn answer(
    folder: &RunFolder,
    suspicions: Vec<Suspicion>,
    args: &NoiseArgs,
    printer: &Printer,
) -> anyhow::Result<()> {
    let run = folder.run()?;
    if !run.scenario.variants.iter().any(|variant| variant.name == AGAIN) {
        anyhow::bail!(
            "{} is not an A/A run: it has no variant {AGAIN:?}; give a scenario to make one",
            folder.path().display()
        );
    }
    let policy = Policy {
        margin: args.margin.share(),
        allowance: args.allowance.share(),
        ..Policy::default()
    };
    let policy = policy.checked()?;
    let effect = args.effect.share();
    let hosts = RunFacts::of(&run).hosts;
    // Hosts of several sizes have no share in common.
    let cores = run.hosts.iter().map(|of| of.host.cores).chain([run.host.cores]);
    let cores = cores.clone().min().filter(|&least| cores.clone().all(|other| other == least));
    let mut seen = Noise::new(&folder.trials()?, &hosts, cores, effect, &policy);
    seen.suspicions.extend(suspicions);
    printer.answer(&written(&seen, args.format, printer)?);
    Ok(())
}

/// What speaks against this machine before anything was done.
fn before() -> Vec<Suspicion> {
    let cores = std::thread::available_parallelism().map_or(1.0, |cores| cores.get() as f64);
    let load = sysinfo::System::load_average().one;
    (load > BUSY * cores).then_some(Suspicion::Busy { load }).into_iter().collect()
}

/// Whether the processors choose their frequency by the load
/// (Documentation/admin-guide/pm/cpufreq.rst of Linux); a virtual machine does
/// not tell.
fn frequency() -> Option<Suspicion> {
    let folder = Path::new("/sys/devices/system/cpu/cpu0/cpufreq");
    let read =
        |name: &str| fs::read_to_string(folder.join(name)).ok().map(|text| text.trim().to_owned());
    let governor = read("scaling_governor").filter(|governor| governor != "performance")?;
    let megahertz = |name| Some(read(name)?.parse::<f64>().ok()? / 1e3);
    let range = megahertz("scaling_min_freq").zip(megahertz("scaling_max_freq"));
    let range =
        range.map(|(least, most)| format!(", {least:.0} to {most:.0} MHz")).unwrap_or_default();
    Some(Suspicion::Frequency { seen: format!("governor {governor:?}{range}") })
}
