//! How much items slow each other down while they run together.

use crate::schedule::Segment;

/// The processors that client and server have between them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Processors(f64);

impl Processors {
    /// Of a server of which it is not known: taken to have as many as its
    /// items want, so that contention alone is left to explain a plateau.
    pub const UNKNOWN: Self = Self(f64::INFINITY);

    /// This many; parts of one are what containers can be limited to. `None`
    /// where that is no number of processors.
    pub fn new(count: f64) -> Option<Self> {
        (count > 0.0 && count.is_finite()).then_some(Self(count))
    }

    /// How many, where that is known.
    pub fn count(self) -> Option<f64> {
        self.0.is_finite().then_some(self.0)
    }

    /// What a second's work of each of `running` items takes that want
    /// `demand` processors together.
    ///
    /// With D wanted and c there, all take D / c times as long once D exceeds
    /// c: the kernel "aims to distribute CPU time equally among all runnable
    /// tasks" (Linux, `Documentation/scheduler/sched-eevdf.rst`). One item
    /// alone is not slowed, whatever was read of it.
    ///
    /// Whoever waits for a processor contends for nothing else meanwhile. So
    /// contention counts the items that the processors carry: all k while
    /// they suffice; c of them where each wants a processor or more; in
    /// between where items want less, since they wait for something else.
    pub(super) fn shape(self, running: u32, demand: f64) -> Shape {
        let k = f64::from(running.max(1));
        let shortage = (demand / self.0).clamp(1.0, k);
        let carried = k / (demand.min(k) / self.0).clamp(1.0, k);
        Shape {
            constant: shortage,
            per_a: shortage * (carried - 1.0),
            per_b: shortage * k * (k - 1.0),
        }
    }

    /// What a simulated stretch of time comes to, in seconds.
    pub(super) fn shape_of(self, segment: &Segment) -> Shape {
        let length = segment.length as f64 * 1e-9;
        self.shape(segment.running, segment.demand as f64 * 1e-3).times(length)
    }
}

/// How much items that run together slow each other down beyond the lack of
/// processors: phi(k) = 1 + a (k' - 1) + b k (k - 1), with k' of the k items
/// carried by the processors.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Contention {
    /// What each further item adds that has a processor: waiting for the
    /// disk, for memory, for the WAL. 0 on a machine that is never short.
    pub a: f64,
    /// What each pair of items adds: waiting for each other rather than for
    /// a share of the machine.
    pub b: f64,
}

impl Contention {
    /// Items do not slow each other down.
    pub const NONE: Self = Self { a: 0.0, b: 0.0 };

    /// Whether two fits differ by less than any measurement could tell.
    pub(super) fn is_close_to(self, other: Self) -> bool {
        (self.a - other.a).abs() < 1e-6 && (self.b - other.b).abs() < 1e-6
    }
}

/// A time by what contention makes of it: constant + a `per_a` + b `per_b`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Shape {
    pub(super) constant: f64,
    pub(super) per_a: f64,
    pub(super) per_b: f64,
}

impl Shape {
    /// What the stretches of a restore come to, and so much time outside its
    /// items, in seconds.
    pub(super) fn of(segments: &[Segment], processors: Processors, overhead: f64) -> Self {
        let mut shape = Self { constant: overhead, per_a: 0.0, per_b: 0.0 };
        for part in segments.iter().map(|segment| processors.shape_of(segment)) {
            shape.constant += part.constant;
            shape.per_a += part.per_a;
            shape.per_b += part.per_b;
        }
        shape
    }

    pub(super) fn time(self, contention: Contention) -> f64 {
        self.constant + contention.a * self.per_a + contention.b * self.per_b
    }

    fn times(self, factor: f64) -> Self {
        Self {
            constant: self.constant * factor,
            per_a: self.per_a * factor,
            per_b: self.per_b * factor,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(processors: f64, running: u32, demand: f64) -> [f64; 3] {
        let shape = Processors::new(processors).unwrap().shape(running, demand);
        [shape.constant, shape.per_a, shape.per_b]
    }

    #[track_caller]
    fn assert_shape(seen: [f64; 3], wanted: [f64; 3]) {
        let is_close = |(seen, wanted): (f64, f64)| (seen - wanted).abs() < 1e-12;
        assert!(seen.into_iter().zip(wanted).all(is_close), "{seen:?} is not {wanted:?}");
    }

    #[test]
    fn items_slow_each_other_down_once_the_processors_are_taken() {
        assert_shape(of(4.0, 3, 3.9), [1.0, 2.0, 6.0]);
        assert_shape(of(2.0, 4, 4.0), [2.0, 2.0 * 1.0, 2.0 * 12.0]);
        // Each keeps one and a half busy: two are already too many.
        assert_shape(of(2.0, 2, 3.0), [1.5, 1.5, 3.0]);
    }

    #[test]
    fn items_that_wait_for_the_disk_contend_for_it_beyond_the_processors() {
        assert_shape(of(2.0, 8, 2.0), [1.0, 7.0, 56.0]);
        assert_shape(of(2.0, 8, 4.0), [2.0, 2.0 * 3.0, 2.0 * 56.0]);
    }

    #[test]
    fn one_item_alone_is_never_slowed() {
        assert_shape(of(2.0, 1, 2.7), [1.0, 0.0, 0.0]);
        assert_shape(of(0.5, 1, 1.0), [1.0, 0.0, 0.0]);
    }

    #[test]
    fn with_processors_unknown_contention_alone_counts() {
        let shape = Processors::UNKNOWN.shape(8, 12.0);
        assert_shape([shape.constant, shape.per_a, shape.per_b], [1.0, 7.0, 56.0]);
        assert_eq!(Processors::UNKNOWN.count(), None);
    }

    #[test]
    fn no_processors_are_refused() {
        for count in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(Processors::new(count), None);
        }
    }
}
