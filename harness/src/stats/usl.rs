//! The Universal Scalability Law and Amdahl's law as times.
//!
//! N. J. Gunther, Guerrilla Capacity Planning, 2007: throughput grows as
//! j / (1 + alpha (j - 1) + beta j (j - 1)). Turned into the time of a fixed
//! amount of work it is linear in its parameters,
//!
//!   T(j) = c0 / j + c1 (1 - 1/j) + c2 (j - 1),    c >= 0,
//!
//! with c0 = T(1), c1 = alpha c0, c2 = beta c0. Amdahl's law (1967) is c2 = 0.
//! Least squares under c >= 0 is convex, so its solution is the best of the
//! unconstrained solutions over the subsets of parameters whose signs are
//! right: seven systems of at most three equations, and no optimiser.

use super::linear::Cholesky;

/// Which law.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Law {
    /// Serial part only.
    Amdahl,
    /// Serial part, and workers that hinder each other.
    Usl,
}

impl Law {
    /// Its name for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Usl => "usl",
            Self::Amdahl => "amdahl",
        }
    }
}

impl Law {
    fn parameters(self) -> usize {
        match self {
            Self::Amdahl => 2,
            Self::Usl => 3,
        }
    }
}

/// A measured time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Workers, at least 1.
    pub jobs: f64,
    /// Time in any unit.
    pub time: f64,
    /// Weight of its squared residual: n / T² makes residuals relative.
    pub weight: f64,
}

/// A fitted law.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fit {
    /// Which law it is.
    pub law: Law,
    /// Work that divides among the workers, in the unit of the times: T(1).
    pub parallel: f64,
    /// Work that does not.
    pub serial: f64,
    /// What each further worker costs all.
    pub crosstalk: f64,
    /// Weighted sum of squared residuals.
    pub squares: f64,
}

impl Fit {
    /// Fits `law`. `None` with fewer distinct j than parameters, and where the
    /// closest form has no work for one worker: no such law holds there.
    pub fn new(law: Law, points: &[Point]) -> Option<Self> {
        let mut jobs: Vec<f64> = points.iter().map(|point| point.jobs).collect();
        jobs.sort_by(f64::total_cmp);
        jobs.dedup();
        if jobs.len() < law.parameters() {
            return None;
        }
        (1..1_u32 << law.parameters())
            .filter_map(|active| Self::on_active_set(law, points, active))
            .min_by(|a, b| a.squares.total_cmp(&b.squares))
            .filter(|fit| fit.parallel > 0.0)
    }

    /// The unconstrained solution with the parameters in the bit set
    /// `active`, the others nought; `None` if a sign is wrong.
    fn on_active_set(law: Law, points: &[Point], active: u32) -> Option<Self> {
        let chosen: Vec<usize> = (0..3).filter(|i| active & (1 << i) != 0).collect();
        let sum = |term: &dyn Fn(&Point) -> f64| -> f64 { points.iter().map(term).sum() };
        let matrix: Vec<Vec<f64>> = chosen
            .iter()
            .map(|&a| {
                chosen
                    .iter()
                    .map(|&b| sum(&|p| p.weight * basis(p.jobs)[a] * basis(p.jobs)[b]))
                    .collect()
            })
            .collect();
        let right: Vec<f64> =
            chosen.iter().map(|&a| sum(&|p| p.weight * basis(p.jobs)[a] * p.time)).collect();
        let mut parameters = [0.0; 3];
        for (&index, value) in chosen.iter().zip(Cholesky::new(&matrix)?.solve(&right)) {
            parameters[index] = value;
        }
        let [parallel, serial, crosstalk] = parameters;
        if parameters.iter().any(|value| *value < 0.0) {
            return None;
        }
        let mut fit = Self { law, parallel, serial, crosstalk, squares: 0.0 };
        fit.squares = sum(&|p| p.weight * (p.time - fit.time(p.jobs)).powi(2));
        Some(fit)
    }

    /// The time with this many workers.
    pub fn time(&self, jobs: f64) -> f64 {
        let [a, b, c] = basis(jobs);
        self.parallel * a + self.serial * b + self.crosstalk * c
    }

    /// Contention: the share of the work that is serial.
    pub fn alpha(&self) -> f64 {
        self.serial / self.parallel
    }

    /// Coherence: what each pair of workers costs, as a share of the work.
    pub fn beta(&self) -> f64 {
        self.crosstalk / self.parallel
    }

    /// The j of the shortest time, sqrt((1 - alpha) / beta), at least 1;
    /// `None` where more workers never make it longer.
    pub fn peak(&self) -> Option<f64> {
        (self.crosstalk > 0.0)
            .then(|| ((self.parallel - self.serial).max(0.0) / self.crosstalk).sqrt().max(1.0))
    }
}

fn basis(jobs: f64) -> [f64; 3] {
    [1.0 / jobs, 1.0 - 1.0 / jobs, jobs - 1.0]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const JOBS: [f64; 5] = [1.0, 2.0, 4.0, 8.0, 16.0];

    fn points(times: &[f64]) -> Vec<Point> {
        JOBS.iter()
            .zip(times)
            .map(|(&jobs, &time)| Point { jobs, time, weight: 1.0 / (time * time) })
            .collect()
    }

    fn assert_fit(law: Law, times: &[f64], expected: [f64; 3], norm: f64) {
        let seen = Fit::new(law, &points(times)).unwrap();
        for (seen, expected) in [seen.parallel, seen.serial, seen.crosstalk].iter().zip(expected) {
            assert!((seen - expected).abs() < 1e-6, "{seen} is not {expected}");
        }
        assert!((seen.squares.sqrt() - norm).abs() < 1e-7);
    }

    #[test]
    fn agrees_with_nonnegative_least_squares_in_scipy() {
        // A = [1/j, 1 - 1/j, j - 1] / T: scipy.optimize.nnls(A, ones)
        let times = [100.0, 56.0, 36.0, 30.0, 33.0];
        let usl = [99.468_542_557_091_54, 10.726_799_042_166_386, 1.123_506_759_494_944_2];
        assert_fit(Law::Usl, &times, usl, 0.015_197_469_962_059_302);
        let amdahl = [90.448_592_230_020_47, 23.570_059_812_292_584, 0.0];
        assert_fit(Law::Amdahl, &times, amdahl, 0.230_423_362_820_867_95);
        // Faster than linear: the serial part would be negative and is held.
        let held = [96.640_784_286_623_26, 0.0, 0.058_489_988_624_387_81];
        assert_fit(Law::Usl, &[100.0, 49.0, 24.0, 12.0, 7.0], held, 0.057_342_091_168_786_81);
    }

    #[test]
    fn exact_laws_are_found_again() {
        let law = |jobs: f64| 120.0 / jobs + 24.0 * (1.0 - 1.0 / jobs) + 1.5 * (jobs - 1.0);
        let fit = Fit::new(Law::Usl, &points(&JOBS.map(law))).unwrap();
        assert!((fit.alpha() - 0.2).abs() < 1e-9);
        assert!((fit.beta() - 0.0125).abs() < 1e-9);
        // sqrt((1 - 0.2) / 0.0125)
        assert!((fit.peak().unwrap() - 8.0).abs() < 1e-6);
        assert!((fit.time(3.0) - law(3.0)).abs() < 1e-6);
    }

    #[test]
    fn too_few_jobs_fit_nothing() {
        assert_eq!(Fit::new(Law::Usl, &points(&[10.0, 6.0])), None);
        assert!(Fit::new(Law::Amdahl, &points(&[10.0, 6.0])).is_some());
        let twice = [points(&[10.0]), points(&[11.0])].concat();
        assert_eq!(Fit::new(Law::Amdahl, &twice), None);
    }

    #[test]
    fn times_that_rise_from_nothing_follow_no_law() {
        let rising = JOBS.map(|jobs| Point { jobs, time: 100.0 * (jobs - 1.0), weight: 1.0 });
        assert_eq!(Fit::new(Law::Usl, &rising), None);
    }

    #[test]
    fn amdahl_never_turns_up() {
        let fit = Fit::new(Law::Amdahl, &points(&[10.0, 6.0, 4.0, 3.0, 2.6])).unwrap();
        assert_eq!(fit.peak(), None);
    }

    proptest! {
        #[test]
        fn no_feasible_neighbour_is_better(
            times in prop::collection::vec(1.0..100.0f64, 5),
            step in prop::array::uniform3(-1.0..1.0f64),
        ) {
            let points = points(&times);
            let fit = Fit::new(Law::Usl, &points);
            prop_assume!(fit.is_some());
            let fit = fit.unwrap();
            let moved = Fit {
                parallel: (fit.parallel + step[0]).max(0.0),
                serial: (fit.serial + step[1]).max(0.0),
                crosstalk: (fit.crosstalk + step[2]).max(0.0),
                ..fit
            };
            let squares: f64 =
                points.iter().map(|p| p.weight * (p.time - moved.time(p.jobs)).powi(2)).sum();
            prop_assert!(fit.squares <= squares + 1e-9);
        }
    }
}
