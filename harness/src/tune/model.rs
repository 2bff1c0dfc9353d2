//! What is believed of a curve after a few restores.
//!
//! ln T(j) = level + ln f(j) + deviation(j), and each restore adds noise. The
//! form f is one of a family: the archive's own order bounds it from below, a
//! serial share and the processors bound the gain, and each worker may cost
//! the others a little. Deviations let a curve be none of the family. Given
//! the form and the noise all is normal, so that the likelihood is exact; over
//! forms and noise a grid is summed, and levels are drawn from the mixture
//! (Rasmussen and Williams, Gaussian Processes for Machine Learning, 2006,
//! sections 2.2 and 2.7; the draws by Matheron's rule).

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

/// The noise of a restore with its prior weight: equal restores on one
/// machine differ by 1 to 12 %, mostly by 2 to 5 %.
const NOISE: [(f64, f64); 6] =
    [(0.01, 0.10), (0.02, 0.20), (0.03, 0.25), (0.05, 0.25), (0.08, 0.15), (0.12, 0.05)];

/// What was seen of each number of jobs.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Seen {
    /// ln seconds of the completed restores.
    pub completed: Vec<f64>,
    /// ln seconds at which restores were stopped: they would have taken
    /// longer.
    pub bounds: Vec<f64>,
}

/// One set of levels that the restores so far allow.
#[derive(Debug, Clone, PartialEq)]
pub struct Draw {
    /// ln T of each number of jobs.
    pub levels: Vec<f64>,
    /// Standard deviation of the noise.
    pub noise: f64,
    /// How much this draw counts.
    pub weight: f64,
}

/// What is believed of a curve.
#[derive(Debug, Clone, PartialEq)]
pub struct Posterior {
    /// Draws of the levels, at most 2,000.
    pub draws: Vec<Draw>,
}

impl Posterior {
    /// Given what was seen of each of `jobs`. At least one restore must have
    /// completed, or else the level is unknown and nothing is drawn.
    pub fn new(jobs: &[Jobs], prior: &Prior, seen: &[Seen], random: &mut ChaCha8Rng) -> Self {
        let data = Data::new(seen);
        let Some(center) = data.center() else { return Self { draws: Vec::new() } };
        let forms = forms(jobs, prior);
        let noises: Vec<Given> =
            NOISE.iter().filter_map(|&(sd, weight)| Given::new(&data, sd, weight)).collect();
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
                let levels = given.draw(&data, form, center, random);
                let weight = seen_weight(&levels, given.sd, seen);
                Draw { levels, noise: given.sd, weight }
            })
            .collect();
        Self { draws }
    }

    /// The share of belief in which `event` holds.
    pub fn probability(&self, event: impl Fn(&Draw) -> bool) -> f64 {
        self.mean(|draw| f64::from(u8::from(event(draw))))
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

/// The completed restores, summed up.
struct Data {
    /// Numbers of jobs with completed restores.
    cells: Vec<usize>,
    means: Vec<f64>,
    counts: Vec<f64>,
    /// Sum of squares within them, and its degrees of freedom.
    squares: f64,
    freedom: f64,
}

impl Data {
    fn new(seen: &[Seen]) -> Self {
        let mut data =
            Self { cells: vec![], means: vec![], counts: vec![], squares: 0.0, freedom: 0.0 };
        for (cell, seen) in seen.iter().enumerate() {
            let Some(mean) = moments::mean(&seen.completed) else { continue };
            data.cells.push(cell);
            data.means.push(mean);
            data.counts.push(seen.completed.len() as f64);
            data.squares += seen.completed.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
            data.freedom += seen.completed.len() as f64 - 1.0;
        }
        data
    }

    fn center(&self) -> Option<f64> {
        moments::mean(&self.means)
    }

    fn shape_here(&self, form: &Form) -> Vec<f64> {
        self.cells.iter().map(|&cell| form.shape[cell]).collect()
    }
}

/// Everything at one noise.
struct Given {
    sd: f64,
    ln_weight: f64,
    covariance: Cholesky,
}

impl Given {
    fn new(data: &Data, sd: f64, weight: f64) -> Option<Self> {
        let matrix: Vec<Vec<f64>> = (0..data.cells.len())
            .map(|row| {
                (0..data.cells.len())
                    .map(|column| {
                        let own = DEVIATION.powi(2) + sd * sd / data.counts[row];
                        LEVEL * LEVEL + if row == column { own } else { 0.0 }
                    })
                    .collect()
            })
            .collect();
        let within = -data.freedom * sd.ln() - data.squares / (2.0 * sd * sd);
        let covariance = Cholesky::new(&matrix)?;
        Some(Self { sd, ln_weight: weight.ln() + within, covariance })
    }

    fn ln_likelihood(&self, data: &Data, form: &Form) -> f64 {
        let shape = data.shape_here(form);
        let off = moments::mean(&data.means).unwrap_or(0.0) - moments::mean(&shape).unwrap_or(0.0);
        let residual: Vec<f64> =
            data.means.iter().zip(&shape).map(|(mean, shape)| mean - shape - off).collect();
        let solved = self.covariance.solve(&residual);
        let square: f64 = residual.iter().zip(&solved).map(|(a, b)| a * b).sum();
        self.ln_weight - 0.5 * (square + self.covariance.ln_determinant())
    }

    /// Matheron's rule: a draw from before the restores, moved by what the
    /// restores differ from it.
    fn draw(&self, data: &Data, form: &Form, center: f64, random: &mut ChaCha8Rng) -> Vec<f64> {
        let mut normal = || -> f64 { StandardNormal.sample(random) };
        let here = moments::mean(&data.shape_here(form)).unwrap_or(0.0);
        let level = center - here + LEVEL * normal();
        let mut levels: Vec<f64> =
            form.shape.iter().map(|shape| level + shape + DEVIATION * normal()).collect();
        let differences: Vec<f64> = data
            .cells
            .iter()
            .zip(data.means.iter().zip(&data.counts))
            .map(|(&cell, (mean, count))| mean - levels[cell] - self.sd / count.sqrt() * normal())
            .collect();
        let solved = self.covariance.solve(&differences);
        let shared = LEVEL * LEVEL * solved.iter().sum::<f64>();
        for level in &mut levels {
            *level += shared;
        }
        for (&cell, solved) in data.cells.iter().zip(&solved) {
            levels[cell] += DEVIATION.powi(2) * solved;
        }
        levels
    }
}

/// How likely a draw makes the restores that were stopped: all of them would
/// have taken longer.
fn seen_weight(levels: &[f64], noise: f64, seen: &[Seen]) -> f64 {
    let standard = Normal::standard();
    levels
        .iter()
        .zip(seen)
        .flat_map(|(level, seen)| seen.bounds.iter().map(move |bound| (level - bound) / noise))
        .map(|beyond| standard.cdf(beyond))
        .product()
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

    fn posterior(seen: &[Seen]) -> Posterior {
        let prior = Prior::without_contents(&jobs(), Some(4));
        Posterior::new(&jobs(), &prior, seen, &mut random::stream(1, "tune"))
    }

    fn completed(times: &[&[f64]]) -> Vec<Seen> {
        times
            .iter()
            .map(|times| Seen {
                completed: times.iter().map(|time: &f64| time.ln()).collect(),
                bounds: Vec::new(),
            })
            .collect()
    }

    #[test]
    fn what_was_measured_often_is_known() {
        let seen = completed(&[&[], &[50.0, 51.0, 49.5, 50.2], &[], &[]]);
        let level = posterior(&seen).mean(|draw| draw.levels[1]);
        assert!((level - 50.2_f64.ln()).abs() < 0.01, "{level}");
    }

    #[test]
    fn what_was_not_measured_is_guessed_from_its_neighbours() {
        let seen = completed(&[&[100.0], &[50.0], &[26.0], &[]]);
        let posterior = posterior(&seen);
        let mean = posterior.mean(|draw| draw.levels[3]);
        let spread = posterior.mean(|draw| (draw.levels[3] - mean).powi(2)).sqrt();
        assert!((13.0_f64.ln()..26.5_f64.ln()).contains(&mean), "{}", mean.exp());
        assert!(spread > 0.08, "{spread}");
    }

    #[test]
    fn a_bound_excludes_what_lies_below_it() {
        let mut seen = completed(&[&[], &[50.0], &[26.0], &[]]);
        let before = posterior(&seen).probability(|draw| draw.levels[3] < 30.0_f64.ln());
        seen[3].bounds.push(32.0_f64.ln());
        let after = posterior(&seen).probability(|draw| draw.levels[3] < 30.0_f64.ln());
        // Noise may explain a part of it.
        assert!(before > 0.8 && after < 0.4, "{before} {after}");
    }

    #[test]
    fn nothing_is_believed_before_the_first_restore() {
        assert!(posterior(&completed(&[&[], &[], &[], &[]])).draws.is_empty());
    }

    #[test]
    fn places_are_drawn_by_their_weights() {
        let drawn = systematic(&[0.0, 2.0_f64.ln(), f64::NEG_INFINITY, 0.0], 400, 0.5);
        let count = |place| drawn.iter().filter(|&&seen| seen == place).count();
        assert_eq!([count(0), count(1), count(2), count(3)], [100, 200, 0, 100]);
    }
}
