//! The only door to wall time. Durations are measured with
//! [`tokio::time::Instant`], which tests can pause.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, Zoned};

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

/// A local time of this machine's zone as the C library gives it back:
/// `2026-07-01 12:00:00 CEST`. Archives have the time of their dump so, with
/// `tm_isdst` beside it (`None` where that was not known).
pub fn from_tm(local: DateTime, daylight_saving: Option<bool>) -> String {
    let zone = TimeZone::try_system().unwrap_or(TimeZone::UTC);
    made_time(&zone, local, daylight_saving).map_or_else(
        || format!("{local} UTC"),
        |at| at.strftime("%Y-%m-%d %H:%M:%S %Z").to_string(),
    )
}

/// What `mktime` of glibc makes of a `struct tm`.
///
/// Where `tm_isdst` is not what the zone has at that time, it takes the UTC
/// offset of the nearest time that has it, which it looks for in steps of a
/// week and within seven years; failing that, an hour more or less
/// (`__mktime_internal`; glibc 2.36 and 2.41 agree).
fn made_time(zone: &TimeZone, local: DateTime, daylight_saving: Option<bool>) -> Option<Zoned> {
    let plain = zone.to_ambiguous_zoned(local).compatible().ok()?;
    let Some(wanted) = daylight_saving else { return Some(plain) };
    // An hour that the clock goes through twice is there with both.
    let later = zone.to_ambiguous_zoned(local).later().ok()?;
    let times = [plain.timestamp(), later.timestamp()];
    let moment = times
        .into_iter()
        .chain(times_around(times[0]))
        .map(|time| zone.to_offset_info(time))
        .find(|info| info.dst().is_dst() == wanted)
        .map(|info| info.offset().to_timestamp(local));
    let moment = moment.unwrap_or_else(|| {
        let hours = if wanted { -1 } else { 1 };
        times[0].checked_add(SignedDuration::from_hours(hours))
    });
    Some(moment.ok()?.to_zoned(zone.clone()))
}

/// The times at which `mktime` looks for an offset.
fn times_around(time: Timestamp) -> impl Iterator<Item = Timestamp> {
    const STEP: i64 = 601_200;
    const STEPS: i64 = 380;
    let distances = (1..=STEPS).flat_map(|steps| [-steps * STEP, steps * STEP]);
    distances.filter_map(move |seconds| time.checked_add(SignedDuration::from_secs(seconds)).ok())
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

    /// What the C library prints was asked of it: `TZ=ZONE python3 -c 'import
    /// time; print(time.localtime(time.mktime((Y, M, D, h, m, s, 0, 0, ISDST))))'`.
    #[test]
    fn times_are_those_of_the_c_library() {
        for (zone, local, daylight_saving, printed) in [
            ("Europe/Berlin", "2026-07-01 12:00:00", Some(false), "2026-07-01 13:00:00 CEST"),
            ("Europe/Berlin", "2026-07-01 12:00:00", Some(true), "2026-07-01 12:00:00 CEST"),
            ("Europe/Berlin", "2026-07-01 12:00:00", None, "2026-07-01 12:00:00 CEST"),
            ("Europe/Berlin", "2026-01-01 12:00:00", Some(false), "2026-01-01 12:00:00 CET"),
            ("Europe/Berlin", "2026-01-01 12:00:00", Some(true), "2026-01-01 11:00:00 CET"),
            ("Europe/Berlin", "2026-01-01 12:00:00", None, "2026-01-01 12:00:00 CET"),
            ("Europe/Berlin", "2026-10-25 02:30:00", Some(false), "2026-10-25 02:30:00 CET"),
            ("Europe/Berlin", "2026-10-25 02:30:00", Some(true), "2026-10-25 02:30:00 CEST"),
            ("Europe/Berlin", "2026-03-29 02:30:00", Some(false), "2026-03-29 03:30:00 CEST"),
            ("Europe/Berlin", "2026-03-29 02:30:00", Some(true), "2026-03-29 01:30:00 CET"),
            ("Europe/Berlin", "2026-03-29 02:30:00", None, "2026-03-29 03:30:00 CEST"),
            ("Europe/Berlin", "2026-03-29 01:30:00", Some(false), "2026-03-29 01:30:00 CET"),
            ("Europe/Berlin", "2026-03-29 01:30:00", Some(true), "2026-03-29 00:30:00 CET"),
            ("Europe/Berlin", "2026-03-29 01:30:00", None, "2026-03-29 01:30:00 CET"),
            ("America/New_York", "2026-07-01 23:30:00", Some(false), "2026-07-02 00:30:00 EDT"),
            ("America/New_York", "2026-07-01 23:30:00", Some(true), "2026-07-01 23:30:00 EDT"),
            ("America/New_York", "2026-07-01 23:30:00", None, "2026-07-01 23:30:00 EDT"),
            ("America/New_York", "2026-12-31 23:30:00", Some(false), "2026-12-31 23:30:00 EST"),
            ("America/New_York", "2026-12-31 23:30:00", Some(true), "2026-12-31 22:30:00 EST"),
            ("America/New_York", "2026-12-31 23:30:00", None, "2026-12-31 23:30:00 EST"),
            (
                "Australia/Lord_Howe",
                "2026-07-01 12:00:00",
                Some(false),
                "2026-07-01 12:00:00 +1030",
            ),
            ("Australia/Lord_Howe", "2026-07-01 12:00:00", Some(true), "2026-07-01 11:30:00 +1030"),
            ("Australia/Lord_Howe", "2026-07-01 12:00:00", None, "2026-07-01 12:00:00 +1030"),
            ("Australia/Lord_Howe", "2026-01-01 12:00:00", Some(false), "2026-01-01 12:30:00 +11"),
            ("Australia/Lord_Howe", "2026-01-01 12:00:00", Some(true), "2026-01-01 12:00:00 +11"),
            ("Australia/Lord_Howe", "2026-01-01 12:00:00", None, "2026-01-01 12:00:00 +11"),
            ("UTC", "2026-07-01 12:00:00", Some(false), "2026-07-01 12:00:00 UTC"),
            ("UTC", "2026-07-01 12:00:00", Some(true), "2026-07-01 11:00:00 UTC"),
            ("UTC", "2026-07-01 12:00:00", None, "2026-07-01 12:00:00 UTC"),
            ("Asia/Tokyo", "2026-07-01 12:00:00", Some(false), "2026-07-01 12:00:00 JST"),
            ("Asia/Tokyo", "2026-07-01 12:00:00", Some(true), "2026-07-01 11:00:00 JST"),
            ("Asia/Tokyo", "2026-07-01 12:00:00", None, "2026-07-01 12:00:00 JST"),
        ] {
            let zone_of = TimeZone::get(zone).unwrap();
            let at = made_time(&zone_of, local.parse().unwrap(), daylight_saving).unwrap();
            let seen = at.strftime("%Y-%m-%d %H:%M:%S %Z").to_string();
            assert_eq!(seen, printed, "{local} in {zone}, daylight saving {daylight_saving:?}");
        }
    }
}
