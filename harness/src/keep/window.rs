//! The latencies of the last probes.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// Probes that a percentile is taken of: of 100, the 99th percentile is the second largest.
const PROBES: usize = 100;

/// Probes that say whether what was too slow is over: half a second of the usual rate.
const NEWEST: usize = 25;

/// With fewer, nothing is said.
const LEAST: usize = 10;

/// Latencies of the last probes, those under way among them.
#[derive(Debug, Default)]
pub(super) struct Window {
    answered: VecDeque<Duration>,
    /// When each that is under way should have begun, oldest first, by number.
    under_way: VecDeque<(u64, Instant)>,
    next: u64,
}

impl Window {
    /// A probe is due: its latency counts from now, whenever it can be sent.
    pub(super) fn begin(&mut self, due: Instant) -> u64 {
        self.next += 1;
        self.under_way.push_back((self.next, due));
        self.next
    }

    /// A probe was answered.
    pub(super) fn end(&mut self, number: u64, now: Instant) {
        let Some(at) = self.under_way.iter().position(|&(of, _)| of == number) else { return };
        if let Some((_, due)) = self.under_way.remove(at) {
            self.answered.push_back(now.saturating_duration_since(due));
        }
        while self.answered.len() > PROBES {
            self.answered.pop_front();
        }
    }

    /// Forgets what was answered, so that only what comes now counts.
    pub(super) fn restart(&mut self) {
        self.answered.clear();
    }

    pub(super) fn answered(&self) -> usize {
        self.answered.len()
    }

    /// The 99th percentile, in seconds, by the nearest rank; of fewer than 100 probes the second
    /// largest too, as one late one of a few is no more than the percentile allows in the long
    /// run. What is not answered yet counts with the time that it has waited.
    pub(super) fn p99(&self, now: Instant) -> Option<f64> {
        self.percentile_of(PROBES, now)
    }

    /// The same of the newest: how it is now.
    pub(super) fn newest(&self, now: Instant) -> Option<f64> {
        self.percentile_of(NEWEST, now)
    }

    fn percentile_of(&self, probes: usize, now: Instant) -> Option<f64> {
        let waiting = self.under_way.iter().map(|&(_, due)| now.saturating_duration_since(due));
        let fastest = self.answered.iter().copied().min().unwrap_or_default();
        // A probe that was just sent says nothing yet.
        let waiting = waiting.filter(|&waited| waited > fastest);
        let newest = self.answered.iter().rev().take(probes).copied();
        let mut all: Vec<Duration> = newest.chain(waiting).collect();
        if all.len() < LEAST {
            return None;
        }
        all.sort_unstable();
        let rank = (all.len() * 99).div_ceil(100).min(all.len() - 1);
        Some(all[rank - 1].as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_answered_counts_with_its_age() {
        let (mut window, start) = (Window::default(), Instant::now());
        for _ in 0..100 {
            let number = window.begin(start);
            window.end(number, start + millis(5));
        }
        assert_eq!(window.p99(start + millis(5)), Some(0.005));
        window.begin(start + millis(10));
        window.begin(start + millis(20));
        assert_eq!(window.p99(start + millis(24)), Some(0.005), "they are in time so far");
        assert_eq!(window.p99(start + millis(120)), Some(0.1), "both are late");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_over_is_seen_before_the_percentile_has_forgotten_it() {
        let (mut window, start) = (Window::default(), Instant::now());
        for latency in [20; 2].into_iter().chain([5; 30]) {
            let number = window.begin(start);
            window.end(number, start + millis(latency));
        }
        assert_eq!((window.p99(start), window.newest(start)), (Some(0.02), Some(0.005)));
    }

    #[tokio::test(start_paused = true)]
    async fn one_late_probe_of_a_hundred_is_within_the_99th_percentile() {
        let (mut window, start) = (Window::default(), Instant::now());
        for late in [1, 0, 0, 1] {
            window.restart();
            for probe in 0..100 {
                let number = window.begin(start);
                window.end(number, start + millis(if probe < late { 900 } else { 5 }));
            }
            assert_eq!(window.p99(start), Some(0.005));
        }
        window.restart();
        assert_eq!(window.p99(start), None, "nothing is known");
    }
}
