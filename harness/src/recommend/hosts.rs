//! Whether hosts agree on the best number of jobs.

use restore_core::units::Jobs;

use super::curve::CurveStudy;
use crate::analysis::{Curve, CurveKey, RunFacts};
use crate::stats::two_way;
use crate::stats::{holm, student};

/// How probable it may be that a host that is said to disagree does not.
const ALPHA: f64 = 0.05;

/// A host on which another number of jobs is better than that of all hosts.
#[derive(Debug, Clone, PartialEq)]
pub struct Dissent {
    /// What answers call the host.
    pub host: String,
    /// The fastest there.
    pub jobs: Jobs,
    /// How much slower the one of all hosts is there, as a fraction.
    pub loss: f64,
}

/// Hosts on which the number of jobs that is best over all of them is not.
#[derive(Debug, Clone, PartialEq)]
pub struct Dissents {
    pub curve: CurveKey,
    /// What is recommended for all hosts together, or else the fastest.
    pub jobs: Jobs,
    pub hosts: Vec<Dissent>,
}

/// What one host has to say.
struct Voice {
    host: u32,
    jobs: Jobs,
    loss: f64,
    p: f64,
}

/// The hosts that disagree beyond doubt: there the number of jobs that is chosen
/// for all is slower than the fastest by more than the tolerance, by a one-sided t
/// test with the noise within blocks of all hosts together. The fastest
/// is one of several, for which the p is multiplied (Bonferroni); the hosts are
/// tested together (Holm).
pub fn dissents(curve: &CurveStudy, facts: &RunFacts) -> Option<Dissents> {
    let measured = &curve.measured;
    let hosts = measured.hosts();
    if hosts.len() < 2 {
        return None;
    }
    let (noise, df) = measured.noise_within_hosts()?;
    let chosen = curve.verdict.recommended().or_else(|| Some(measured.fastest()?.jobs))?;
    let voice = |host| voice(measured, host, chosen, (noise, df), facts.tolerance.ln_1p());
    let voices: Vec<Voice> = hosts.into_iter().filter_map(voice).collect();
    let p_values: Vec<f64> = voices.iter().map(|voice| voice.p).collect();
    let dissents: Vec<Dissent> = voices
        .iter()
        .zip(holm::adjust(&p_values))
        .filter(|(_, p)| *p < ALPHA)
        .map(|(voice, _)| Dissent {
            host: facts.hosts.name(voice.host),
            jobs: voice.jobs,
            loss: voice.loss,
        })
        .collect();
    (!dissents.is_empty()).then(|| Dissents {
        curve: curve.key.clone(),
        jobs: chosen,
        hosts: dissents,
    })
}

fn voice(
    curve: &Curve,
    host: u32,
    chosen: Jobs,
    (noise, df): (f64, usize),
    allowed: f64,
) -> Option<Voice> {
    let measured = curve.measured();
    let columns: Vec<usize> =
        (0..measured.len()).filter(|&index| !measured[index].is_ruled_out()).collect();
    let own = columns.iter().position(|&column| measured[column].jobs == chosen)?;
    let table = curve.table_of(host).select(&columns);
    let levels = two_way::cell_levels(&table)?;
    let best = (0..levels.len()).min_by(|&a, &b| levels[a].total_cmp(&levels[b]))?;
    let loss = levels[own] - levels[best];
    let rivals = columns.len().saturating_sub(1).max(1) as f64;
    let n = table.observed(own).min(table.observed(best)) as f64;
    let error = noise * (2.0 / n).sqrt();
    let p = if error > 0.0 {
        student::upper_tail((loss - allowed) / error, df as f64)
    } else if loss > allowed {
        0.0
    } else {
        1.0
    };
    let jobs = measured[columns[best]].jobs;
    Some(Voice { host, jobs, loss: loss.exp_m1(), p: (p * rivals).min(1.0) })
}
