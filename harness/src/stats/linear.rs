//! Small symmetric systems of equations: as many unknowns as a curve has
//! cells, a dozen at most, so that plain vectors do.

/// A symmetric positive definite matrix A as L Lᵀ.
#[derive(Debug, Clone, PartialEq)]
pub struct Cholesky {
    lower: Vec<Vec<f64>>,
}

/// A pivot this small beside its diagonal element means that the equations do
/// not determine the unknown.
const SINGULAR: f64 = 1e-12;

impl Cholesky {
    /// Factors `matrix`, of which the lower triangle is read; `None` if it is
    /// not positive definite to working precision.
    pub fn new(matrix: &[Vec<f64>]) -> Option<Self> {
        let size = matrix.len();
        let mut lower = vec![vec![0.0; size]; size];
        for row in 0..size {
            for column in 0..=row {
                let known: f64 = (0..column).map(|k| lower[row][k] * lower[column][k]).sum();
                let rest = matrix[row][column] - known;
                lower[row][column] = if row == column {
                    if rest.is_nan() || rest <= SINGULAR * matrix[row][row].abs() {
                        return None;
                    }
                    rest.sqrt()
                } else {
                    rest / lower[column][column]
                };
            }
        }
        Some(Self { lower })
    }

    /// The x of A x = `right`.
    pub fn solve(&self, right: &[f64]) -> Vec<f64> {
        let mut forward = right.to_vec();
        for row in 0..forward.len() {
            let known: f64 = (0..row).map(|k| self.lower[row][k] * forward[k]).sum();
            forward[row] = (forward[row] - known) / self.lower[row][row];
        }
        self.solve_transposed(&forward)
    }

    /// ln of the determinant of A.
    pub fn ln_determinant(&self) -> f64 {
        (0..self.lower.len()).map(|place| 2.0 * self.lower[place][place].ln()).sum()
    }

    /// The x of Lᵀ x = `right`: for independent standard normal `right`, x has
    /// the covariance matrix A⁻¹.
    pub fn solve_transposed(&self, right: &[f64]) -> Vec<f64> {
        let size = right.len();
        let mut solution = right.to_vec();
        for row in (0..size).rev() {
            let known: f64 = (row + 1..size).map(|k| self.lower[k][row] * solution[k]).sum();
            solution[row] = (solution[row] - known) / self.lower[row][row];
        }
        solution
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn factors_a_textbook_matrix() {
        // L = [[2, 0, 0], [6, 1, 0], [-8, 5, 3]]
        let matrix =
            vec![vec![4.0, 12.0, -16.0], vec![12.0, 37.0, -43.0], vec![-16.0, -43.0, 98.0]];
        let factored = Cholesky::new(&matrix).unwrap();
        assert_eq!(factored.lower, [[2.0, 0.0, 0.0], [6.0, 1.0, 0.0], [-8.0, 5.0, 3.0]]);
        // (2 * 1 * 3)^2
        assert!((factored.ln_determinant() - 36.0_f64.ln()).abs() < 1e-12);
        let solution = factored.solve(&[0.0, 6.0, 39.0]);
        for (seen, expected) in solution.iter().zip([1.0, 1.0, 1.0]) {
            assert!((seen - expected).abs() < 1e-12);
        }
    }

    #[test]
    fn refuses_what_determines_nothing() {
        assert_eq!(Cholesky::new(&[vec![1.0, 1.0], vec![1.0, 1.0]]), None);
        assert_eq!(Cholesky::new(&[vec![-1.0]]), None);
        assert_eq!(Cholesky::new(&[vec![f64::NAN]]), None);
    }

    proptest! {
        #[test]
        fn solutions_solve(
            entries in prop::collection::vec(-1.0..1.0f64, 16),
            right in prop::collection::vec(-5.0..5.0f64, 4),
        ) {
            // BᵀB + I is positive definite for any B.
            let entry = |row: usize, column: usize| {
                let product: f64 = (0..4).map(|k| entries[k * 4 + row] * entries[k * 4 + column]).sum();
                product + f64::from(u8::from(row == column))
            };
            let matrix: Vec<Vec<f64>> =
                (0..4).map(|row| (0..4).map(|column| entry(row, column)).collect()).collect();
            let solution = Cholesky::new(&matrix).unwrap().solve(&right);
            for (row, right) in matrix.iter().zip(&right) {
                let left: f64 = row.iter().zip(&solution).map(|(a, x)| a * x).sum();
                prop_assert!((left - right).abs() < 1e-9);
            }
        }
    }
}
