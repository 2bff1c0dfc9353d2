//! Several comparisons at once.
//!
//! S. Holm, A simple sequentially rejective multiple test procedure,
//! Scandinavian Journal of Statistics 6, 1979: the smallest p times m, the
//! next times m - 1 and so on, never falling. It holds for any dependence, and
//! comparisons with one best cell depend on each other.

/// The p values adjusted for being looked at together, in the given order.
/// Rejecting those under alpha errs anywhere with probability at most alpha.
pub fn adjust(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let mut adjusted = vec![1.0; p_values.len()];
    let mut largest: f64 = 0.0;
    for (rank, &index) in order.iter().enumerate() {
        let factor = (p_values.len() - rank) as f64;
        largest = largest.max((p_values[index] * factor).min(1.0));
        adjusted[index] = largest;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn agrees_with_r() {
        // R: p.adjust(c(0.01, 0.02, 0.03, 0.04, 0.005), "holm")
        let seen = adjust(&[0.01, 0.02, 0.03, 0.04, 0.005]);
        for (seen, expected) in seen.iter().zip([0.04, 0.06, 0.06, 0.06, 0.025]) {
            assert!((seen - expected).abs() < 1e-12, "{seen} is not {expected}");
        }
        assert!(adjust(&[]).is_empty());
    }

    proptest! {
        #[test]
        fn lies_between_the_raw_p_and_bonferroni(
            p_values in prop::collection::vec(0.0..=1.0f64, 1..12)
        ) {
            let m = p_values.len() as f64;
            for (raw, adjusted) in p_values.iter().zip(adjust(&p_values)) {
                prop_assert!(*raw <= adjusted && adjusted <= (raw * m).min(1.0) + 1e-12);
            }
        }
    }
}
