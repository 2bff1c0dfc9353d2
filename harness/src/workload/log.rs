//! The per-transaction log of pgbench.
//!
//! With `--rate` a line is `client transaction latency script seconds
//! microseconds lag`, and a number of retries in some cases (PostgreSQL 15 and
//! later). The latency counts from the scheduled start; seconds and
//! microseconds are the end, in Unix time (PostgreSQL 17 manual, pgbench,
//! "Per-Transaction Logging").

use std::time::Duration;

/// A transaction that has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transaction {
    /// When it was to begin: microseconds of Unix time.
    pub scheduled_us: u64,
    /// From then to its end.
    pub latency: Duration,
    /// From then to its beginning.
    pub lag: Duration,
}

/// The transactions of a log. Lines that are cut short, as the last one of a
/// killed pgbench is, and transactions that failed are left out.
pub fn parse(text: &str) -> Vec<Transaction> {
    text.lines().filter_map(transaction).collect()
}

fn transaction(line: &str) -> Option<Transaction> {
    let mut words = line.split_ascii_whitespace();
    let latency: u64 = words.nth(2)?.parse().ok()?;
    let seconds: u64 = words.nth(1)?.parse().ok()?;
    let micros: u64 = words.next()?.parse().ok()?;
    let lag: u64 = words.next()?.parse().ok()?;
    let ended_us = seconds * 1_000_000 + micros;
    Some(Transaction {
        scheduled_us: ended_us.checked_sub(latency)?,
        latency: Duration::from_micros(latency),
        lag: Duration::from_micros(lag),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latency_and_schedule_are_read() {
        let text = "0 199 2241 0 1175850568 995598 241\n\
                    1 200 failed 0 1175850568 998079 12\n\
                    0 201 2142 0 1175850569 608 100 3\n\
                    0 202 18";
        let seen = parse(text);
        assert_eq!(seen.len(), 2, "failed and torn ones are none");
        assert_eq!(seen[0].scheduled_us, 1_175_850_568_995_598 - 2241);
        assert_eq!(seen[0].latency, Duration::from_micros(2241));
        assert_eq!(seen[0].lag, Duration::from_micros(241));
        assert_eq!(seen[1].scheduled_us, 1_175_850_569_000_608 - 2142);
    }
}
