//! Checks of how an archive is restored: in sections, with which settings of sessions.

use std::collections::BTreeMap;

use restore_core::format::Format;
use restore_core::options::Opt;
use restore_core::units::Jobs;
use toml::Spanned;

use super::super::file::{RestoreFile, SweepFile, VariantRestoreFile};
use super::super::procedure::{Procedure, Sections, serial_archive};
use super::super::{EngineKind, Phase, Scenario, Variant};
use super::server::settings;
use super::{Flaw, flaw};

/// Options that a restore in sections cannot have, since each section is a restore.
const NOT_IN_SECTIONS: [Opt; 6] =
    [Opt::Section, Opt::Clean, Opt::Create, Opt::SingleTransaction, Opt::SchemaOnly, Opt::DataOnly];

/// What `[restore]` says.
pub(super) fn procedure(file: &RestoreFile) -> Procedure {
    Procedure {
        sections: file.sections.clone(),
        session: settings(&file.session),
        ready: file.ready.clone(),
    }
}

/// The same with what a variant says.
pub(super) fn of_variant(base: &Procedure, file: &VariantRestoreFile) -> Option<Procedure> {
    let VariantRestoreFile { sections, session, ready, .. } = file;
    if sections.is_none() && session.is_empty() && ready.is_none() {
        return None;
    }
    let mut procedure = base.clone();
    if let Some(sections) = sections {
        procedure.sections = Some(sections.clone());
    }
    procedure.session.extend(settings(session));
    if let Some(ready) = ready {
        procedure.ready.clone_from(ready);
    }
    Some(procedure)
}

/// A variant for each plan of `[sweep]`, and the `-j` of those that leave none to vary.
pub(super) fn of_plans(
    base: &Variant,
    procedure: &Procedure,
    file: &SweepFile,
) -> Result<Vec<Variant>, Flaw> {
    let Some(plans) = &file.plans else { return Ok(Vec::new()) };
    let mut variants: Vec<Variant> = Vec::new();
    for plan in plans.get_ref() {
        let name = plan.name();
        if variants.iter().any(|variant| variant.name == name) {
            return flaw(plans.span(), format!("two plans are named {name}: they say the same"));
        }
        let sections = Some(plan.clone());
        let procedure = Some(Procedure { sections, ..procedure.clone() });
        variants.push(Variant { name, procedure, ..base.clone() });
    }
    if variants.is_empty() {
        return flaw(plans.span(), "plans is empty: give at least one, or leave it out");
    }
    Ok(variants)
}

/// The `-j` of variants whose sections leave none to vary.
pub(super) fn fixed_jobs(variants: &[Variant]) -> BTreeMap<String, Jobs> {
    let fixed = |variant: &Variant| {
        let sections = variant.procedure.as_ref()?.sections.as_ref()?;
        Some((variant.name.clone(), sections.fixed_jobs()?))
    };
    variants.iter().filter_map(fixed).collect()
}

/// Whether each variant can be restored as it says.
pub(super) fn check(
    scenario: &Scenario,
    plans: Option<&Spanned<Vec<Sections>>>,
) -> Result<(), Flaw> {
    for variant in &scenario.variants {
        let procedure = scenario.procedure(&variant.name);
        if procedure.is_empty() {
            continue;
        }
        if scenario.phase == Phase::Dump {
            return flaw(
                None,
                "phase \"dump\" restores nothing: leave out sections, session and ready",
            );
        }
        if let Some(sections) = &procedure.sections {
            let span = plans.map(Spanned::span);
            if let Some(message) = flaw_of_sections(scenario, &variant.name, sections) {
                return flaw(span, message);
            }
        }
    }
    Ok(())
}

fn flaw_of_sections(scenario: &Scenario, variant: &str, sections: &Sections) -> Option<String> {
    let engines = &scenario.sweep.engines;
    if engines.iter().any(|&engine| engine != EngineKind::PgRestore) {
        return Some(
            "sections and plans are of pg_restore: the native engine has no barrier between \
             sections; leave out engines"
                .to_owned(),
        );
    }
    let options = scenario.options(variant);
    if let Some(option) = NOT_IN_SECTIONS.into_iter().find(|&option| options.has(option)) {
        return Some(format!(
            "--{} does not go with sections, each of which is a restore of its own",
            option.long()
        ));
    }
    let formats = &scenario.sweep.formats;
    if formats.contains(&Format::Plain) {
        return Some("plain dumps have no sections: leave out format plain".to_owned());
    }
    let most = sections.most_jobs().filter(|&jobs| jobs > Jobs::ONE);
    if let Some(jobs) = most.filter(|_| formats.contains(&Format::Tar)) {
        return Some(serial_archive(jobs));
    }
    None
}
