//! How often to look.

use std::time::Duration;

/// How often the host is looked at unless the scenario says otherwise.
pub const DEFAULT_INTERVAL: Duration = Duration::from_millis(100);

/// After so many samples the interval doubles, and again after as many more: a
/// trial of t seconds has about `DOUBLE_AFTER` * log2(1 + t / (`DOUBLE_AFTER` *
/// interval)) samples. With the default that is 200 in 20 seconds, 1 800 in an
/// hour and 3 000 in a day.
const DOUBLE_AFTER: u32 = 256;

/// The server's sessions are looked at no more often than this: the answer
/// costs the server something.
const SESSIONS: Duration = Duration::from_millis(200);

/// Processes likewise: there are many, with two files each.
const PROCESSES: Duration = Duration::from_millis(500);

/// The server's counters (WAL syncs, checkpoints, temporary files) likewise.
const COUNTERS: Duration = Duration::from_secs(1);

/// What is read at an instant, beside host and container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Due {
    pub(super) sessions: bool,
    pub(super) processes: bool,
    pub(super) counters: bool,
}

impl Due {
    /// At the start and at the end.
    pub(super) const ALL: Self = Self { sessions: true, processes: true, counters: true };
}

/// When to take the next sample, and what to read then.
#[derive(Debug, Clone)]
pub(super) struct Pace {
    interval: Duration,
    taken: u32,
    /// Time since each was read.
    sessions: Duration,
    processes: Duration,
    counters: Duration,
}

impl Pace {
    pub(super) fn new(interval: Duration) -> Self {
        let [sessions, processes, counters] = [Duration::ZERO; 3];
        Self { interval, taken: 0, sessions, processes, counters }
    }

    /// How long to wait for the next sample, and what to read then.
    pub(super) fn next(&mut self) -> (Duration, Due) {
        if self.taken == DOUBLE_AFTER {
            self.interval *= 2;
            self.taken = 0;
        }
        self.taken += 1;
        let interval = self.interval;
        let is_due = |since: &mut Duration, least| {
            *since += interval;
            let is_due = *since >= least;
            if is_due {
                *since = Duration::ZERO;
            }
            is_due
        };
        let due = Due {
            sessions: is_due(&mut self.sessions, SESSIONS),
            processes: is_due(&mut self.processes, PROCESSES),
            counters: is_due(&mut self.counters, COUNTERS),
        };
        (interval, due)
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
        let seen: Vec<Due> = (0..10).map(|_| pace.next().1).collect();
        let count = |of: fn(&Due) -> bool| seen.iter().filter(|due| of(due)).count();
        assert_eq!(count(|due| due.sessions), 5);
        assert_eq!(count(|due| due.processes), 2);
        assert_eq!(count(|due| due.counters), 1);
        let mut slow = Pace::new(Duration::from_secs(5));
        assert_eq!(slow.next().1, Due::ALL);
    }
}
