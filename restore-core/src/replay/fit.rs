//! Least squares for the two figures of contention.

use super::slowdown::{Contention, Shape};

/// A search for the contention that the fit gives back when it is fed it: the
/// work of a recording depends on it, and it on the work.
///
/// Each round shrinks the disagreement by about the same factor, so that two
/// steps tell where all further ones would lead (Aitken's extrapolation).
#[derive(Debug, Clone)]
pub(super) struct FixedPoint {
    /// What to try next.
    pub(super) point: Contention,
    last_step: Option<(f64, f64)>,
}

impl Default for FixedPoint {
    fn default() -> Self {
        Self { point: Contention::NONE, last_step: None }
    }
}

impl FixedPoint {
    /// Takes what the fit made of the point, and moves on. True where that
    /// was the point itself.
    pub(super) fn advance(&mut self, image: Contention) -> bool {
        let settled = image.is_close_to(self.point);
        let step = (image.a - self.point.a, image.b - self.point.b);
        let shrinks_by = self.last_step.map_or(0.0, |last| {
            (step.0 * last.0 + step.1 * last.1) / (last.0 * last.0 + last.1 * last.1)
        });
        if shrinks_by > 0.0 && shrinks_by < 0.99 {
            let further = shrinks_by / (1.0 - shrinks_by);
            self.point = Contention {
                a: (image.a + further * step.0).max(0.0),
                b: (image.b + further * step.1).max(0.0),
            };
            self.last_step = None;
        } else {
            self.point = image;
            self.last_step = Some(step);
        }
        settled
    }
}

/// One measured time, with the coefficients of its model.
#[derive(Debug, Clone, Copy)]
pub(super) struct Observation {
    pub(super) shape: Shape,
    /// Seconds.
    pub(super) time: f64,
}

/// What is taken to be known of the model's error before anything is
/// measured: a standard error of 10 % of the time, worth this many
/// observations.
///
/// On a 2-core machine the model gave 12.1 to 13.4 s for 2 to 8 jobs where
/// 12.1 to 16.2 s was measured, so that errors of about 10 % are ordinary.
/// Three observations' worth keeps two measured times from promising what
/// they cannot, and is outvoted by a dozen.
const PRIOR_ERROR: f64 = 0.10;
const PRIOR_WEIGHT: u32 = 3;

/// Gauss-Newton steps at most. The model is linear but for the logarithm, and
/// settles in a handful.
const STEPS: usize = 50;

/// The fitted contention, with what tells how far to trust it.
#[derive(Debug, Clone)]
pub(super) struct Fit {
    pub(super) contention: Contention,
    pub(super) residuals: Vec<f64>,
    /// J'J over the parameters that are free, in the order (a, b); the
    /// others' rows and columns are 0.
    information: [[f64; 2]; 2],
    parameters: u32,
}

impl Fit {
    /// Minimises the sum of squares of ln(measured / model) over a, b >= 0.
    pub(super) fn new(observations: &[Observation]) -> Self {
        let fits_b = tells_a_from_b(observations);
        let mut contention = Contention::NONE;
        let mut error = squares(observations, contention);
        for _ in 0..STEPS {
            let target = solve(&linearised(observations, contention), fits_b);
            let Some((next, next_error)) = descend(observations, contention, target, error) else {
                break;
            };
            let settled = next.is_close_to(contention);
            (contention, error) = (next, next_error);
            if settled {
                break;
            }
        }
        let free = [contention.a > 0.0, contention.b > 0.0];
        let mut information = [[0.0; 2]; 2];
        for observation in observations {
            let gradient = gradient(observation.shape, contention);
            for (row, column) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                if free[row] && free[column] {
                    information[row][column] += gradient[row] * gradient[column];
                }
            }
        }
        Self {
            contention,
            residuals: observations.iter().map(|seen| residual(seen, contention)).collect(),
            information,
            parameters: free.iter().map(|&free| u32::from(free)).sum(),
        }
    }

    /// The degrees of freedom of the scatter: observations less parameters,
    /// and those of the prior.
    pub(super) fn degrees_of_freedom(&self) -> u32 {
        (self.residuals.len() as u32).saturating_sub(self.parameters) + PRIOR_WEIGHT
    }

    /// The standard error of ln T for one further restore of this shape: the
    /// scatter, pooled from residuals and prior, and by the delta method that
    /// of a and b.
    pub(super) fn ln_error(&self, shape: Shape) -> f64 {
        let squares: f64 = self.residuals.iter().map(|r| r * r).sum();
        let prior = f64::from(PRIOR_WEIGHT) * PRIOR_ERROR * PRIOR_ERROR;
        let variance = (squares + prior) / f64::from(self.degrees_of_freedom());
        let leverage = quadratic(self.information, gradient(shape, self.contention));
        (variance * (1.0 + leverage)).sqrt()
    }
}

/// Two numbers of jobs under contention are needed to tell a from b, with
/// B / T and C / T in another ratio; or, where one processor leaves a nothing
/// to count, with another C / T.
fn tells_a_from_b(observations: &[Observation]) -> bool {
    let shapes = || observations.iter().map(|seen| seen.shape).filter(|shape| shape.per_b > 0.0);
    if shapes().all(|shape| shape.per_a == 0.0) {
        return differ(shapes().map(|shape| shape.per_b / shape.constant));
    }
    differ(shapes().filter(|shape| shape.per_a > 0.0).map(|shape| shape.per_b / shape.per_a))
}

/// By more than rounding, or than measuring could tell.
fn differ(ratios: impl Iterator<Item = f64>) -> bool {
    let (least, most) = ratios
        .fold((f64::INFINITY, 0.0_f64), |(least, most), ratio| (least.min(ratio), most.max(ratio)));
    most > least * 1.01
}

fn residual(seen: &Observation, contention: Contention) -> f64 {
    (seen.time / seen.shape.time(contention)).ln()
}

fn squares(observations: &[Observation], contention: Contention) -> f64 {
    observations.iter().map(|seen| residual(seen, contention).powi(2)).sum()
}

/// The derivatives of ln T by a and by b.
fn gradient(shape: Shape, contention: Contention) -> [f64; 2] {
    let time = shape.time(contention);
    [shape.per_a / time, shape.per_b / time]
}

/// A row of the linear problem: gradient' (a, b) = value.
type Row = ([f64; 2], f64);

fn linearised(observations: &[Observation], at: Contention) -> Vec<Row> {
    let row = |seen: &Observation| {
        let gradient = gradient(seen.shape, at);
        (gradient, residual(seen, at) + gradient[0] * at.a + gradient[1] * at.b)
    };
    observations.iter().map(row).collect()
}

/// Linear least squares over a, b >= 0: with two parameters, the best of the
/// few sets that can be active.
fn solve(rows: &[Row], fits_b: bool) -> Contention {
    let dot = |f: &dyn Fn(&Row) -> f64| rows.iter().map(f).sum::<f64>();
    let (aa, ab, bb) =
        (dot(&|(g, _)| g[0] * g[0]), dot(&|(g, _)| g[0] * g[1]), dot(&|(g, _)| g[1] * g[1]));
    let (ay, by) = (dot(&|(g, y)| g[0] * y), dot(&|(g, y)| g[1] * y));
    let determinant = aa * bb - ab * ab;
    let only =
        |square: f64, product: f64| if square > 0.0 { (product / square).max(0.0) } else { 0.0 };
    let mut candidates = vec![Contention { a: only(aa, ay), b: 0.0 }];
    if fits_b {
        candidates.push(Contention { a: 0.0, b: only(bb, by) });
        let (a, b) = ((ay * bb - by * ab) / determinant, (by * aa - ay * ab) / determinant);
        // Not so where the determinant is 0: nothing compares to NaN.
        if a >= 0.0 && b >= 0.0 {
            candidates.push(Contention { a, b });
        }
    }
    let error = |c: &Contention| {
        rows.iter().map(|(g, y)| (y - g[0] * c.a - g[1] * c.b).powi(2)).sum::<f64>()
    };
    let least = |x: &Contention, y: &Contention| error(x).total_cmp(&error(y));
    candidates.into_iter().min_by(least).unwrap_or(Contention::NONE)
}

/// Goes towards `target`, and only half as far, and so on, until the sum of
/// squares falls. None where it does not.
fn descend(
    observations: &[Observation],
    from: Contention,
    target: Contention,
    error: f64,
) -> Option<(Contention, f64)> {
    let mut part = 1.0;
    while part > 1e-6 {
        let next = Contention {
            a: from.a + part * (target.a - from.a),
            b: from.b + part * (target.b - from.b),
        };
        let next_error = squares(observations, next);
        if next_error < error {
            return Some((next, next_error));
        }
        part /= 2.0;
    }
    None
}

/// v' M^-1 v over the rows of M that are not 0.
fn quadratic(matrix: [[f64; 2]; 2], v: [f64; 2]) -> f64 {
    let [[aa, ab], [_, bb]] = matrix;
    let determinant = aa * bb - ab * ab;
    match (aa > 0.0, bb > 0.0) {
        (true, true) if determinant > 0.0 => {
            (v[0] * v[0] * bb - 2.0 * v[0] * v[1] * ab + v[1] * v[1] * aa) / determinant
        }
        (true, _) => v[0] * v[0] / aa,
        (false, true) => v[1] * v[1] / bb,
        (false, false) => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A restore of 60 s of work that splits evenly over k workers.
    fn even(k: u32) -> Shape {
        let (length, k) = (60.0 / f64::from(k), f64::from(k));
        Shape { constant: length, per_a: length * (k - 1.0), per_b: length * k * (k - 1.0) }
    }

    fn observed(contention: Contention, jobs: &[u32]) -> Vec<Observation> {
        let observe = |&k: &u32| Observation { shape: even(k), time: even(k).time(contention) };
        jobs.iter().map(observe).collect()
    }

    #[track_caller]
    fn assert_close(seen: f64, wanted: f64) {
        assert!((seen - wanted).abs() < 1e-4, "{seen} is not {wanted}");
    }

    #[test]
    fn finds_what_made_the_times() {
        for (a, b) in [(0.0, 0.0), (0.4, 0.0), (0.0, 0.05), (0.3, 0.02)] {
            let fit = Fit::new(&observed(Contention { a, b }, &[1, 2, 4, 8]));
            assert_close(fit.contention.a, a);
            assert_close(fit.contention.b, b);
            assert!(fit.residuals.iter().all(|r| r.abs() < 1e-4));
        }
    }

    #[test]
    fn one_number_of_jobs_tells_of_a_alone() {
        let fit = Fit::new(&observed(Contention { a: 0.2, b: 0.05 }, &[1, 4]));
        assert_close(fit.contention.b, 0.0);
        assert_close(fit.contention.a, 0.2 + 0.05 * 4.0);
    }

    #[test]
    fn on_one_processor_items_can_only_wait_for_each_other() {
        let crowded = |k: u32| {
            let k = f64::from(k);
            Shape { constant: 60.0, per_a: 0.0, per_b: 60.0 * k * (k - 1.0) }
        };
        let truth = Contention { a: 0.0, b: 0.01 };
        let observe = |k| Observation { shape: crowded(k), time: crowded(k).time(truth) };
        let fit = Fit::new(&[1, 2, 4].map(observe));
        assert_close(fit.contention.b, 0.01);
        // One number of jobs does not tell how it grows.
        assert_eq!(Fit::new(&[1, 4].map(observe)).contention, Contention::NONE);
    }

    #[test]
    fn a_restore_that_scales_too_well_has_no_contention() {
        let mut observations = observed(Contention::NONE, &[1, 2, 4]);
        observations[2].time *= 0.9;
        assert_eq!(Fit::new(&observations).contention, Contention::NONE);
    }

    #[test]
    fn the_error_grows_away_from_what_was_measured() {
        let mut observations = observed(Contention { a: 0.3, b: 0.0 }, &[1, 2, 4]);
        observations[1].time *= 1.05;
        let fit = Fit::new(&observations);
        assert!(fit.ln_error(even(16)) > fit.ln_error(even(4)));
        assert!(fit.ln_error(even(4)) > fit.ln_error(even(1)));
    }

    #[test]
    fn scatter_widens_the_error_and_agreement_narrows_it() {
        let agreeing = Fit::new(&observed(Contention { a: 0.3, b: 0.0 }, &[1, 2, 3, 4, 6, 8]));
        let mut scattered = observed(Contention { a: 0.3, b: 0.0 }, &[1, 2, 3, 4, 6, 8]);
        for (place, seen) in scattered.iter_mut().enumerate() {
            seen.time *= if place % 2 == 0 { 1.3 } else { 0.77 };
        }
        let scattered = Fit::new(&scattered);
        assert!(agreeing.ln_error(even(4)) < PRIOR_ERROR);
        assert!(scattered.ln_error(even(4)) > 0.2);
    }
}
