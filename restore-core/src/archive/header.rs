//! The head of an archive: which format, made when, from what.
//!
//! `pg_backup_archiver.c`: `ReadHead`.

use std::fmt;
use std::io::BufRead;

use super::encoding::TextEncoding;
use super::error::{ArchiveError, ArchiveErrorKind};
use super::version::ArchiveVersion;
use super::wire::{Widths, WireReader};
use crate::format::{Compression, Format, Method};

/// What every archive begins with; of a directory or tar archive, its
/// `toc.dat`.
pub(super) const MAGIC: &[u8] = b"PGDMP";

/// The head of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The version of the layout.
    pub version: ArchiveVersion,
    /// Custom, directory or tar.
    pub format: Format,
    /// How wide integers and offsets are in it.
    pub widths: Widths,
    /// How the data is compressed. Before 1.15 the level is known, from then
    /// on the method alone. A directory's files tell each for itself.
    pub compression: Compression,
    /// When the dump began, by the clock of the machine that made it. `None`
    /// where the archive's numbers are no date.
    pub created: Option<LocalTime>,
    /// The database that was dumped.
    pub database: Option<String>,
    /// The version of the server that it was dumped from, in its own words.
    pub server_version: Option<String>,
    /// The version of the `pg_dump` that made it, in its own words.
    pub dumped_by: Option<String>,
}

impl Header {
    /// The major version of the `pg_dump` that made the archive, as far as
    /// its words tell: 15 of `15.14 (Debian 15.14-1)`, 9 of `9.6.24`.
    pub fn dumped_by_major(&self) -> Option<u32> {
        let words = self.dumped_by.as_deref()?;
        let end = words.find(|c: char| !c.is_ascii_digit()).unwrap_or(words.len());
        words[..end].parse().ok()
    }
}

/// A time of day on a date, in a time zone that the archive does not name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalTime {
    /// The year.
    pub year: i32,
    /// The month, from 1.
    pub month: u8,
    /// The day of the month, from 1.
    pub day: u8,
    /// The hour, to 23.
    pub hour: u8,
    /// The minute.
    pub minute: u8,
    /// The second; 60 in a leap second.
    pub second: u8,
    /// Whether daylight saving time was in force, where it was known.
    pub daylight_saving: Option<bool>,
}

impl fmt::Display for LocalTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
            self.year, self.month, self.day, self.hour, self.minute, self.second
        )
    }
}

impl LocalTime {
    /// Checks the fields of a `struct tm` in the order of the archive.
    fn from_tm([second, minute, hour, day, month, year, dst]: [i64; 7]) -> Option<Self> {
        let within =
            |value: i64, low: i64, high: i64| (low..=high).contains(&value).then_some(value as u8);
        Some(Self {
            year: i32::try_from(year).ok()?.checked_add(1900)?,
            month: within(month, 0, 11)? + 1,
            day: within(day, 1, 31)?,
            hour: within(hour, 0, 23)?,
            minute: within(minute, 0, 59)?,
            second: within(second, 0, 60)?,
            daylight_saving: match dst {
                0 => Some(false),
                1.. => Some(true),
                _ => None,
            },
        })
    }
}

/// The code that the head of a file in `format` has. A directory's `toc.dat`
/// says tar (`InitArchiveFmt_Directory`).
fn format_code(format: Format) -> u8 {
    match format {
        Format::Custom => 1,
        Format::Tar | Format::Directory => 3,
        // Plain scripts have no head; 4 is the code that pg_dump has for them.
        Format::Plain => 4,
    }
}

/// Reads the head of an archive in `format`, and tells `wire` how wide its
/// numbers are. Beside it, the database's name in the archive's own bytes.
pub(super) fn read<R: BufRead>(
    wire: &mut WireReader<R>,
    format: Format,
) -> Result<(Header, Option<Vec<u8>>), ArchiveError> {
    const READING: &str = "its header";
    let mut magic = [0; MAGIC.len()];
    wire.fill(&mut magic, READING)?;
    if magic != MAGIC {
        return Err(ArchiveError::malformed("it does not begin with PGDMP").at(0));
    }
    let version = read_version(wire)?;
    let widths = read_widths(wire)?;
    wire.set_widths(widths);
    let start = wire.position();
    let code = wire.byte(READING)?;
    if code != format_code(format) {
        let what = format!("its header has format code {code}, which is not that of {format}");
        return Err(ArchiveError::malformed(what).at(start));
    }
    let compression = read_compression(wire, version)?;
    let mut tm = [0; 7];
    for field in &mut tm {
        *field = wire.integer("its creation date")?;
    }
    let database = wire.string("its database name")?;
    let text = |bytes: &[u8]| TextEncoding::SQL_ASCII.decode(bytes);
    let server_version = wire.string("its server version")?.as_deref().map(text);
    let dumped_by = wire.string("its pg_dump version")?.as_deref().map(text);
    let created = LocalTime::from_tm(tm);
    let header = Header {
        version,
        format,
        widths,
        compression,
        created,
        database: database.as_deref().map(text),
        server_version,
        dumped_by,
    };
    Ok((header, database))
}

fn read_version<R: BufRead>(wire: &mut WireReader<R>) -> Result<ArchiveVersion, ArchiveError> {
    let start = wire.position();
    let mut bytes = [0; 3];
    wire.fill(&mut bytes, "its format version")?;
    let [major, minor, revision] = bytes;
    let version = ArchiveVersion { major, minor, revision };
    if version.is_known() {
        return Ok(version);
    }
    let kind = if version < ArchiveVersion::OLDEST {
        ArchiveErrorKind::OlderVersion(version)
    } else {
        ArchiveErrorKind::NewerVersion(version)
    };
    Err(ArchiveError::new(kind).at(start))
}

fn read_widths<R: BufRead>(wire: &mut WireReader<R>) -> Result<Widths, ArchiveError> {
    let start = wire.position();
    let mut bytes = [0; 2];
    wire.fill(&mut bytes, "its header")?;
    let [integer, offset] = bytes;
    if !(1..=8).contains(&integer) || !(1..=8).contains(&offset) {
        let what = format!("it has integers of {integer} and offsets of {offset} bytes");
        return Err(ArchiveError::malformed(what).at(start));
    }
    Ok(Widths { integer, offset })
}

fn read_compression<R: BufRead>(
    wire: &mut WireReader<R>,
    version: ArchiveVersion,
) -> Result<Compression, ArchiveError> {
    const READING: &str = "its compression";
    let start = wire.position();
    let text = if version.names_compression_method() {
        match wire.byte(READING)? {
            0 => Ok(Method::None.as_str().to_owned()),
            1 => Ok(Method::Gzip.as_str().to_owned()),
            2 => Ok(Method::Lz4.as_str().to_owned()),
            3 => Ok(Method::Zstd.as_str().to_owned()),
            code => Err(format!("{code} is not a compression method")),
        }
    } else {
        // Z_DEFAULT_COMPRESSION is -1.
        match wire.integer(READING)? {
            0 => Ok("none".to_owned()),
            -1 => Ok("gzip".to_owned()),
            level @ 1..=9 => Ok(format!("gzip:{level}")),
            level => Err(format!("{level} is not a level of zlib")),
        }
    };
    text.and_then(|text| text.parse())
        .map_err(|what: String| ArchiveError::malformed(what).at(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_that_are_none_are_none() {
        let time = LocalTime::from_tm([1, 2, 3, 4, 0, 125, 0]).unwrap();
        assert_eq!(time.to_string(), "2025-01-04 03:02:01");
        assert_eq!(LocalTime::from_tm([61, 2, 3, 4, 0, 125, 0]), None);
        assert_eq!(LocalTime::from_tm([1, 2, 3, 4, 12, 125, 0]), None);
        assert_eq!(LocalTime::from_tm([1, 2, 3, 4, 0, i64::MAX, 0]), None);
    }
}
