//! How often to look.

use std::time::Duration;

/// How often the host is looked at unless the scenario says otherwise.
pub const DEFAULT_INTERVAL: Duration = Duration::from_millis(100);

/// After so many samples the interval doubles, and again after as many more: a
/// trial of t seconds has about `DOUBLE_AFTER` * log2(1 + t / (`DOUBLE_AFTER` *
/// interval)) samples. With the default that is 200 in 20 seconds, 1 800 in an
/// hour and 3 000 in a day.
const DOUBLE_AFTER: u32 = 256;

/// Processes and the server's sessions are looked at no more often than this:
/// the readings take the server and the kernel longer.
const DEARER: Duration = Duration::from_millis(200);

/// The server's counters (WAL, checkpoints, temporary files) likewise.
const DEAREST: Duration = Duration::from_secs(1);

/// What is read at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// Host and container.
    Host,
    /// And processes and sessions.
    Sessions,
    /// And the server's counters.
    All,
}

/// When to take the next sample, and how deep to look.
#[derive(Debug, Clone)]
pub(super) struct Pace {
    interval: Duration,
    taken: u32,
    /// Time since the last reading of that depth.
    since_sessions: Duration,
    since_all: Duration,
}

impl Pace {
    pub(super) fn new(interval: Duration) -> Self {
        Self { interval, taken: 0, since_sessions: Duration::ZERO, since_all: Duration::ZERO }
    }

    /// How long to wait for the next sample, and how deep to look then.
    pub(super) fn next(&mut self) -> (Duration, Depth) {
        if self.taken == DOUBLE_AFTER {
            self.interval *= 2;
            self.taken = 0;
        }
        self.taken += 1;
        self.since_sessions += self.interval;
        self.since_all += self.interval;
        let depth = if self.since_all >= DEAREST {
            self.since_all = Duration::ZERO;
            self.since_sessions = Duration::ZERO;
            Depth::All
        } else if self.since_sessions >= DEARER {
            self.since_sessions = Duration::ZERO;
            Depth::Sessions
        } else {
            Depth::Host
        };
        (self.interval, depth)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples_in(seconds: u64) -> u32 {
        let mut pace = Pace::new(DEFAULT_INTERVAL);
        let mut time = Duration::ZERO;
        (0..10_000)
            .find(|_| {
                time += pace.next().0;
                time > Duration::from_secs(seconds)
            })
            .unwrap()
    }

    #[test]
    fn long_trials_have_few_samples() {
        assert_eq!(samples_in(20), 200);
        assert!((1_500..2_000).contains(&samples_in(3600)), "{}", samples_in(3600));
        assert!(samples_in(86_400) < 3_100);
    }

    #[test]
    fn dearer_readings_are_rarer() {
        let mut pace = Pace::new(DEFAULT_INTERVAL);
        let depths: Vec<Depth> = (0..10).map(|_| pace.next().1).collect();
        let count = |depth| depths.iter().filter(|&&seen| seen == depth).count();
        assert_eq!((count(Depth::Host), count(Depth::Sessions), count(Depth::All)), (5, 4, 1));
        let mut slow = Pace::new(Duration::from_secs(5));
        assert_eq!(slow.next().1, Depth::All);
    }
}
