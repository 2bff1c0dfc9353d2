//! What runs beside the restores, and what it must keep.

use std::time::Duration;

use toml::Spanned;

use super::super::file::{LimitsFile, WorkloadFile};
use super::super::quantity::{Scale, Span};
use super::super::{Script, Workload, WorkloadLimits};
use super::{Check, Flaw, absolute, flaw};

/// Scale of pgbench's tables unless the scenario says otherwise: a million
/// accounts, 150 MB.
const SCALE: u32 = 10;

/// Connections unless the scenario says otherwise.
const CLIENTS: u32 = 8;

/// How long the workload runs around a restore unless the scenario says
/// otherwise, and at least where less than all of the data is made.
const AROUND: Span = Span::from_secs(5);
const AROUND_LEAST: Duration = Duration::from_secs(1);

/// What is late unless the scenario says otherwise.
const LATE: Span = Span::from_millis(100);

impl Check<'_> {
    pub(super) fn workload(
        &self,
        file: Option<&Spanned<WorkloadFile>>,
    ) -> Result<Option<Workload>, Flaw> {
        let Some(spanned) = file else { return Ok(None) };
        let file = spanned.get_ref();
        if let Some(message) = file.rate.flaw() {
            return flaw(spanned.span(), message);
        }
        let clients = file.clients.unwrap_or(CLIENTS);
        let scale = file.scale.unwrap_or(SCALE);
        if clients == 0 || scale == 0 {
            return flaw(spanned.span(), "workload.clients and workload.scale begin at 1");
        }
        let scripts = file.scripts.iter().map(|text| self.script(text)).collect::<Result<_, _>>();
        Ok(Some(Workload {
            rate: self.factor().map_or(file.rate.clone(), |factor| file.rate.shortened(factor)),
            clients,
            scale: self.factor().map_or(scale, |factor| {
                (f64::from(scale) * factor).round().clamp(1.0, f64::from(scale)) as u32
            }),
            setup: file.setup.iter().map(|path| absolute(self.folder, path)).collect(),
            scripts: scripts.map_err(|message| Flaw { span: Some(spanned.span()), message })?,
            before: self.around(file.before),
            after: self.around(file.after),
            late: file.late.unwrap_or(LATE),
        }))
    }

    fn factor(&self) -> Option<f64> {
        self.overrides.scale.map(Scale::factor).filter(|&factor| factor < 1.0)
    }

    /// A small run is to be short all around.
    fn around(&self, asked: Option<Span>) -> Span {
        let asked = asked.unwrap_or(AROUND);
        match self.factor() {
            Some(factor) => {
                let least = AROUND_LEAST.min(asked.get());
                Span::from_millis(asked.get().mul_f64(factor).max(least).as_millis() as u64)
            }
            None => asked,
        }
    }

    /// `file.sql` or `file.sql@weight`.
    fn script(&self, text: &str) -> Result<Script, String> {
        let (path, weight) = match text.rsplit_once('@') {
            Some((path, weight)) => match weight.parse() {
                Ok(weight) if weight > 0 => (path, weight),
                _ => return Err(format!("{text:?}: the weight is a whole number from 1")),
            },
            None => (text, 1),
        };
        let path = absolute(self.folder, path.as_ref());
        if !path.is_file() {
            return Err(format!("the workload's script {} is not there", path.display()));
        }
        Ok(Script { path, weight })
    }
}

/// Limits on a workload need one.
pub(super) fn limits(
    file: &LimitsFile,
    workload: Option<&Workload>,
) -> Result<WorkloadLimits, Flaw> {
    let limits = WorkloadLimits {
        p99_latency: file.p99_latency,
        latency_increase: file.latency_increase,
        missed: file.missed,
    };
    if !limits.is_empty() && workload.is_none() {
        return flaw(
            None,
            "limits.p99_latency, latency_increase and missed are about a workload: add [workload]",
        );
    }
    Ok(limits)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::super::Scenario;
    use super::super::{Overrides, parse};

    fn read(rest: &str) -> Result<Scenario, String> {
        let text = format!("dataset = {{ pgbench = {{ scale = 1 }} }}\n{rest}");
        parse(Some(Path::new("dir/s.toml")), &text, &Overrides::default())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_workload_runs_beside_every_variant_that_does_not_refuse_it() {
        let scenario = read(
            "[workload]\nrate = 50\nlate = \"20ms\"\n[limits]\np99_latency = \"50ms\"\n\
             [[variant]]\nname = \"idle\"\nworkload = false\n",
        )
        .unwrap();
        let [busy, idle] = &scenario.variants[..] else { panic!("{scenario:?}") };
        assert_eq!(busy.workload.as_ref().unwrap().late.get().as_millis(), 20);
        assert!(idle.workload.is_none());
        assert_eq!(busy.server, idle.server, "they share a server");
    }

    #[test]
    fn flaws_of_workloads() {
        for (text, expected) in [
            ("[workload]\nrate = 0", "give transactions a second"),
            ("[workload]\nrate = \"fast\"", "give transactions a second, such as 50, or steps"),
            ("[workload]\nrate = [{ per_second = 5 }, { per_second = 9 }]", "only the last"),
            ("[workload]\nrate = 5\nclients = 0", "begin at 1"),
            ("[workload]\nrate = 5\nscripts = [\"nowhere.sql\"]", "nowhere.sql is not there"),
            ("[workload]\nrate = 5\nscripts = [\"x.sql@0\"]", "the weight is"),
            ("[limits]\nmissed = \"1%\"", "add [workload]"),
            ("[[variant]]\nname = \"busy\"\nworkload = true", "there is no [workload]"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(expected), "{text:?} gave {error:?}");
        }
    }
}
