//! What is believed of a curve after a few restores.
//!
//! ln T(j) = level + ln f(j) + deviation(j), and each restore adds noise. The
//! form f is one of a family: the archive's own order bounds it from below, a
//! serial share and the processors bound the gain, and each worker may cost
//! the others a little. Deviations let a curve be none of the family. A part of
//! the noise is the machine's and lasts from one restore to the next: restores
//! of a tuning share no blocks that it could cancel in. Given the form and the
//! noise all is normal, so that the likelihood is exact; over forms and noise a
//! grid is summed, and levels are drawn from the mixture (Rasmussen and Williams,
//! Gaussian Processes for Machine Learning, 2006, sections 2.2 and 2.7; the draws
//! by Matheron's rule; what lasts is an AR(1) process, their section B.2).

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use restore_core::units::Jobs;
use statrs::distribution::{ContinuousCDF, Normal};

use super::prior::Prior;
use crate::stats::linear::Cholesky;
use crate::stats::moments;

/// Standard deviation of what the family leaves out of ln T(j).
const DEVIATION: f64 = 0.05;

/// Standard deviation of the level about the mean of what was seen: wide
/// enough to say nothing.
const LEVEL: f64 = 1.0;

/// How many levels are drawn.
const DRAWS: usize = 2_000;

/// Processors that work is in effect shared among. The prior weight is
/// log-normal about those that the server has, with one octave of doubt:
/// they may wait for the disk, or be half of a neighbour's.
const EFFECTIVE_CORES: [f64; 12] =
    [1.0, 1.4, 2.0, 2.8, 4.0, 5.6, 8.0, 11.0, 16.0, 23.0, 32.0, 64.0];

/// Share of the work that one worker does alone, beyond what the table of
/// contents tells.
const SERIAL: [f64; 4] = [0.0, 0.1, 0.25, 0.5];

/// What each further worker costs all.
const CROSSTALK: [f64; 5] = [0.0, 0.005, 0.015, 0.04, 0.1];

/// Standard deviation of ln T of equal restores, with its prior weight: in half of
/// the 56 cells of the committed runs that have five trials between 1.6 and 4.8 %,
/// in nine of ten between 0.9 and 14 %.
const NOISE: [(f64, f64); 6] =
    [(0.01, 0.10), (0.02, 0.20), (0.03, 0.25), (0.05, 0.25), (0.08, 0.15), (0.12, 0.05)];

/// How much of its variance lasts beyond one restore, with its prior weight. In
/// five of the eleven committed runs what was left of the cells' means correlated
/// by 0.4 to 0.7 from one restore to the next; in the others by 0.3 at most.
const LASTING: [(f64, f64); 2] = [(0.0, 0.4), (0.7, 0.6)];

/// What of it is left at the next restore.
const PERSISTENCE: f64 = 0.75;

/// A restore.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ObservedRestore {
    /// Place of its number of jobs among the candidates.
    pub cell: usize,
    /// How many restores were before it.
    pub place: usize,
    /// ln of its time in seconds.
    pub ln_seconds: f64,
    /// Whether it was stopped then: it would have taken longer.
    pub was_stopped: bool,
}

/// One set of levels that the restores so far allow.
#[derive(Debug, Clone, PartialEq)]
pub struct Draw {
    /// ln T of each number of jobs.
    pub levels: Vec<f64>,
    /// By how much the next restore is off for what lasts of the noise.
    pub lasting: f64,
    /// Standard deviation of the noise beyond that.
    pub noise: f64,
    /// How much this draw counts.
    pub weight: f64,
}

impl Draw {
    /// What the next restore with the number of jobs in `cell` would take but
    /// for the noise, as ln seconds.
    pub fn next(&self, cell: usize) -> f64 {
        self.levels[cell] + self.lasting
    }
}

/// What is believed of a curve.
#[derive(Debug, Clone, PartialEq)]
pub struct Posterior {
    /// Draws of the levels, at most 2,000.
    pub draws: Vec<Draw>,
}

impl Posterior {
    /// Given the restores so far, of which `next` were begun. At least one must
    /// have completed, or else the level is unknown and nothing is drawn.
    pub fn new(
        jobs: &[Jobs],
        prior: &Prior,
        seen: &[ObservedRestore],
        next: usize,
        random: &mut ChaCha8Rng,
    ) -> Self {
        let data = Data::new(seen, next);
        if data.completed.is_empty() {
            return Self { draws: Vec::new() };
        }
        let forms = forms(jobs, prior);
        let noises: Vec<Given> = NOISE
            .iter()
            .flat_map(|&(sd, weight)| {
                LASTING.iter().map(move |&(share, its)| (sd, share, weight * its))
            })
            .filter_map(|(sd, share, weight)| Given::new(&data, sd, share, weight))
            .collect();
        let mut weights = Vec::with_capacity(forms.len() * noises.len());
        for given in &noises {
            weights.extend(
                forms.iter().map(|form| form.weight.ln() + given.ln_likelihood(&data, form)),
            );
        }
        let chosen = systematic(&weights, DRAWS, random.random());
        let draws = chosen
            .into_iter()
            .map(|place| {
                let (given, form) = (&noises[place / forms.len()], &forms[place % forms.len()]);
                given.draw(&data, form, random)
            })
            .collect();
        Self { draws }
    }

    /// The share of belief in which `event` holds.
    pub fn probability(&self, event: impl Fn(&Draw) -> bool) -> f64 {
        self.mean(|draw| f64::from(u8::from(event(draw))))
    }

    /// Standard deviation of the next restore about its level, for all noise.
    pub fn noise(&self) -> f64 {
        let lasting = self.mean(|draw| draw.lasting);
        self.mean(|draw| draw.noise.powi(2) + (draw.lasting - lasting).powi(2)).sqrt()
    }

    /// The mean of `value` over what is believed.
    pub fn mean(&self, value: impl Fn(&Draw) -> f64) -> f64 {
        let (sum, total) = self.draws.iter().fold((0.0, 0.0), |(sum, total), draw| {
            (sum + draw.weight * value(draw), total + draw.weight)
        });
        if total > 0.0 { sum / total } else { 0.0 }
    }
}

/// A form of the curve.
struct Form {
    /// ln f of each number of jobs.
    shape: Vec<f64>,
    /// How likely it is beforehand.
    weight: f64,
}

fn forms(jobs: &[Jobs], prior: &Prior) -> Vec<Form> {
    let mut forms = Vec::new();
    for cores in EFFECTIVE_CORES {
        let octaves = prior.cores.map_or(0.0, |known| (cores / f64::from(known.max(1))).log2());
        let weight = (-octaves * octaves / 2.0).exp();
        for serial in SERIAL {
            for crosstalk in CROSSTALK {
                let shape = jobs
                    .iter()
                    .zip(&prior.floors)
                    .map(|(jobs, &floor)| {
                        let jobs = f64::from(jobs.get());
                        let share = floor.max(serial + (1.0 - serial) / jobs);
                        ln_form(share, jobs, cores, crosstalk)
                    })
                    .collect();
                forms.push(Form { shape, weight });
            }
        }
    }
    forms
}

/// With 1 / share workers busy on average, work goes at full speed up to the
/// effective processors, and is shared beyond them; the bend is rounded, as
/// workers are not all busy at the same time.
fn ln_form(share: f64, jobs: f64, cores: f64, crosstalk: f64) -> f64 {
    let crowded = |busy: f64| (1.0 + (busy / cores).powi(4)).powf(0.25);
    let slowdown = crowded(share.recip()) / crowded(1.0);
    (share * slowdown * (1.0 + crosstalk * (jobs - 1.0))).ln()
}

/// The restores so far.
struct Data {
    completed: Vec<ObservedRestore>,
    stopped: Vec<ObservedRestore>,
    /// The place of the restore that comes next.
    next: usize,
}

impl Data {
    fn new(seen: &[ObservedRestore], next: usize) -> Self {
        let (stopped, completed) = seen.iter().partition(|seen| seen.was_stopped);
        Self { completed, stopped, next }
    }

    /// What the completed restores are off from a form, by their mean.
    fn off(&self, form: &Form) -> f64 {
        let off = |seen: &ObservedRestore| seen.ln_seconds - form.shape[seen.cell];
        let all: Vec<f64> = self.completed.iter().map(off).collect();
        moments::mean(&all).unwrap_or(0.0)
    }
}

/// Everything at one noise.
struct Given {
    /// Standard deviation of what does not last.
    sd: f64,
    /// That of what lasts.
    lasting: f64,
    ln_weight: f64,
    /// Of the completed restores.
    covariance: Cholesky,
}

impl Given {
    /// At a standard deviation of `noise`, of whose variance a `share` lasts.
    fn new(data: &Data, noise: f64, share: f64, weight: f64) -> Option<Self> {
        let sd = noise * (1.0 - share).sqrt();
        let lasting = noise * share.sqrt();
        let covariance = |a: usize, b: usize| {
            let (one, other) = (&data.completed[a], &data.completed[b]);
            let same = if one.cell == other.cell { DEVIATION.powi(2) } else { 0.0 };
            let own = if a == b { sd * sd } else { 0.0 };
            LEVEL * LEVEL + same + lasting * lasting * carried(one.place, other.place) + own
        };
        let all = 0..data.completed.len();
        let matrix: Vec<Vec<f64>> =
            all.clone().map(|a| all.clone().map(|b| covariance(a, b)).collect()).collect();
        let covariance = Cholesky::new(&matrix)?;
        Some(Self { sd, lasting, ln_weight: weight.ln(), covariance })
    }

    fn ln_likelihood(&self, data: &Data, form: &Form) -> f64 {
        let off = data.off(form);
        let residual: Vec<f64> = data
            .completed
            .iter()
            .map(|seen| seen.ln_seconds - form.shape[seen.cell] - off)
            .collect();
        let solved = self.covariance.solve(&residual);
        let square: f64 = residual.iter().zip(&solved).map(|(a, b)| a * b).sum();
        self.ln_weight - 0.5 * (square + self.covariance.ln_determinant())
    }

    /// Matheron's rule: a draw from before the restores, moved by what the
    /// restores differ from it.
    fn draw(&self, data: &Data, form: &Form, random: &mut ChaCha8Rng) -> Draw {
        let mut normal = || -> f64 { StandardNormal.sample(random) };
        let level = data.off(form) + LEVEL * normal();
        let mut levels: Vec<f64> =
            form.shape.iter().map(|shape| level + shape + DEVIATION * normal()).collect();
        let mut lasting = vec![self.lasting * normal()];
        for _ in 0..data.next {
            let fresh = self.lasting * (1.0 - PERSISTENCE * PERSISTENCE).sqrt() * normal();
            lasting.extend(lasting.last().map(|before| PERSISTENCE * before + fresh));
        }
        let differences: Vec<f64> = data
            .completed
            .iter()
            .map(|seen| {
                let drawn = levels[seen.cell] + lasting[seen.place] + self.sd * normal();
                seen.ln_seconds - drawn
            })
            .collect();
        let solved = self.covariance.solve(&differences);
        let shared = LEVEL * LEVEL * solved.iter().sum::<f64>();
        for level in &mut levels {
            *level += shared;
        }
        for (seen, solved) in data.completed.iter().zip(&solved) {
            levels[seen.cell] += DEVIATION.powi(2) * solved;
            for (place, lasting) in lasting.iter_mut().enumerate() {
                *lasting += self.lasting.powi(2) * carried(place, seen.place) * solved;
            }
        }
        let weight = self.longer(data, &levels, &lasting);
        Draw { levels, lasting: lasting[data.next], noise: self.sd, weight }
    }

    /// How likely it is that all restores that were stopped would have taken
    /// longer.
    fn longer(&self, data: &Data, levels: &[f64], lasting: &[f64]) -> f64 {
        let standard = Normal::standard();
        data.stopped
            .iter()
            .map(|seen| levels[seen.cell] + lasting[seen.place] - seen.ln_seconds)
            .map(|beyond| standard.cdf(beyond / self.sd))
            .product()
    }
}

/// What of the noise at one place is left at another.
fn carried(one: usize, other: usize) -> f64 {
    PERSISTENCE.powf(one.abs_diff(other) as f64)
}

/// `count` places drawn by their weights, evenly spread from one random start
/// (systematic resampling).
fn systematic(ln_weights: &[f64], count: usize, start: f64) -> Vec<usize> {
    let highest = ln_weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let weights: Vec<f64> = ln_weights.iter().map(|weight| (weight - highest).exp()).collect();
    let step = weights.iter().sum::<f64>() / count as f64;
    let mut chosen = Vec::with_capacity(count);
    let mut passed = 0.0;
    for (place, weight) in weights.iter().enumerate() {
        passed += weight;
        while chosen.len() < count && (chosen.len() as f64 + start) * step < passed {
            chosen.push(place);
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::random;

    fn jobs() -> Vec<Jobs> {
        [1, 2, 4, 8].into_iter().map(|j| Jobs::new(j).unwrap()).collect()
    }

    fn posterior(seen: &[ObservedRestore]) -> Posterior {
        let prior = Prior::without_contents(&jobs(), Some(4));
        Posterior::new(&jobs(), &prior, seen, seen.len(), &mut random::stream(1, "tune"))
    }

    /// Restores in this order: the place of their number of jobs, and seconds.
    fn completed(restores: &[(usize, f64)]) -> Vec<ObservedRestore> {
        restores
            .iter()
            .enumerate()
            .map(|(place, &(cell, seconds))| ObservedRestore {
                cell,
                place,
                ln_seconds: seconds.ln(),
                was_stopped: false,
            })
            .collect()
    }

    #[test]
    fn what_was_measured_often_is_known() {
        let seen = completed(&[(1, 50.0), (1, 51.0), (1, 49.5), (1, 50.2)]);
        let level = posterior(&seen).mean(|draw| draw.levels[1]);
        assert!((level - 50.2_f64.ln()).abs() < 0.01, "{level}");
    }

    #[test]
    fn what_was_not_measured_is_guessed_from_its_neighbours() {
        let seen = completed(&[(0, 100.0), (1, 50.0), (2, 26.0)]);
        let posterior = posterior(&seen);
        let mean = posterior.mean(|draw| draw.levels[3]);
        let spread = posterior.mean(|draw| (draw.levels[3] - mean).powi(2)).sqrt();
        assert!((13.0_f64.ln()..26.5_f64.ln()).contains(&mean), "{}", mean.exp());
        assert!(spread > 0.08, "{spread}");
    }

    #[test]
    fn alternating_restores_tell_more_than_one_after_the_other() {
        let spread = |cells: [usize; 6]| {
            // 50 s and 45 s, give or take 2 %.
            let noise = [1.02, 0.99, 1.0, 1.01, 0.98, 1.0];
            let restores: Vec<(usize, f64)> = cells
                .into_iter()
                .zip(noise)
                .map(|(cell, noise)| (cell, noise * if cell == 1 { 50.0 } else { 45.0 }))
                .collect();
            let posterior = posterior(&completed(&restores));
            let difference = |draw: &Draw| draw.levels[2] - draw.levels[1];
            let mean = posterior.mean(difference);
            posterior.mean(|draw| (difference(draw) - mean).powi(2)).sqrt()
        };
        let (alternating, apart) = (spread([1, 2, 1, 2, 1, 2]), spread([1, 1, 1, 2, 2, 2]));
        assert!(alternating < 0.9 * apart, "{alternating} {apart}");
    }

    #[test]
    fn a_bound_excludes_what_lies_below_it() {
        let mut seen = completed(&[(1, 50.0), (2, 26.0)]);
        let before = posterior(&seen).probability(|draw| draw.levels[3] < 30.0_f64.ln());
        seen.push(ObservedRestore {
            cell: 3,
            place: 2,
            ln_seconds: 32.0_f64.ln(),
            was_stopped: true,
        });
        let after = posterior(&seen).probability(|draw| draw.levels[3] < 30.0_f64.ln());
        // Noise, which may be the machine's by then, explains a part of it.
        assert!(before > 0.8 && after < 0.5, "{before} {after}");
    }

    #[test]
    fn nothing_is_believed_before_the_first_restore() {
        assert!(posterior(&[]).draws.is_empty());
    }

    #[test]
    fn places_are_drawn_by_their_weights() {
        let drawn = systematic(&[0.0, 2.0_f64.ln(), f64::NEG_INFINITY, 0.0], 400, 0.5);
        let count = |place| drawn.iter().filter(|&&seen| seen == place).count();
        assert_eq!([count(0), count(1), count(2), count(3)], [100, 200, 0, 100]);
    }
}
