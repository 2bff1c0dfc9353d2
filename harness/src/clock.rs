//! The only door to wall time. Durations are measured with
//! [`tokio::time::Instant`], which tests can pause.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

/// This moment.
#[expect(clippy::disallowed_methods, reason = "this is the door")]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// A moment as records write it: RFC 3339, UTC, milliseconds.
pub fn rfc3339(moment: Timestamp) -> String {
    format!("{moment:.3}")
}

/// A moment as names of folders have it: `20261123-231618`.
pub fn compact(moment: Timestamp) -> String {
    moment.strftime("%Y%m%d-%H%M%S").to_string()
}

/// The abbreviation that this machine's time zone has at a local time: `UTC`,
/// `CEST`. `UTC` where the machine knows no zone or none by that name.
pub fn zone_at(local: DateTime) -> String {
    let zone = TimeZone::try_system().unwrap_or(TimeZone::UTC);
    let known = zone.to_ambiguous_zoned(local).compatible().ok();
    known.as_ref().map_or_else(|| "UTC".to_owned(), |at: &Zoned| at.strftime("%Z").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_in_utc() {
        let moment = Timestamp::from_millisecond(1_795_475_778_012).unwrap();
        assert_eq!(rfc3339(moment), "2026-11-23T23:16:18.012Z");
        assert_eq!(compact(moment), "20261123-231618");
    }
}
