//! The primitives that archives are written in: integers, strings, offsets.
//!
//! `pg_backup_archiver.c`: `ReadInt`, `ReadStr`, `ReadOffset`.

use std::io::BufRead;
use std::ops::Range;

use super::error::{ArchiveError, ArchiveErrorKind};

/// How wide numbers are in one archive: the header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Widths {
    /// Bytes of an integer's magnitude: 1 to 8, in practice 4.
    pub integer: u8,
    /// Bytes of a file offset: 1 to 8, in practice 8.
    pub offset: u8,
}

/// Where an item's data is, as a custom archive says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WireOffset {
    NotSet,
    At(u64),
    NoData,
}

/// Reads primitives and knows at which byte it is.
///
/// Nothing is allocated for a length before as many bytes have come: a
/// damaged archive can claim any.
#[derive(Debug)]
pub(super) struct WireReader<R> {
    input: R,
    position: u64,
    widths: Widths,
    /// Holds strings that cross the end of the input's buffer.
    spill: Vec<u8>,
}

type Result<T> = std::result::Result<T, ArchiveError>;

impl<R: BufRead> WireReader<R> {
    /// A reader of `input`, which stands at byte `position` of its file.
    pub(super) fn new(input: R, position: u64, widths: Widths) -> Self {
        Self { input, position, widths, spill: Vec::new() }
    }

    pub(super) fn position(&self) -> u64 {
        self.position
    }

    pub(super) fn set_widths(&mut self, widths: Widths) {
        self.widths = widths;
    }

    pub(super) fn get_mut(&mut self) -> &mut R {
        &mut self.input
    }

    /// The bytes at hand; none only at the end of the input.
    #[inline]
    pub(super) fn peek(&mut self) -> Result<&[u8]> {
        let position = self.position;
        loop {
            match self.input.fill_buf() {
                Ok(_) => break,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(ArchiveError::from_io(error).at(position)),
            }
        }
        // The buffer is full or at its end, so that this call reads nothing.
        self.input.fill_buf().map_err(|error| ArchiveError::from_io(error).at(position))
    }

    /// Takes `count` of the bytes that [`Self::peek`] gave.
    pub(super) fn advance(&mut self, count: usize) {
        self.input.consume(count);
        self.position += count as u64;
    }

    /// Notes that `count` bytes were skipped by moving the input itself.
    pub(super) fn note_skipped(&mut self, count: u64) {
        self.position += count;
    }

    /// Whether the input is at its end.
    pub(super) fn is_at_end(&mut self) -> Result<bool> {
        Ok(self.peek()?.is_empty())
    }

    /// The next byte; `reading` names what it is part of, should it be
    /// missing.
    pub(super) fn byte(&mut self, reading: &'static str) -> Result<u8> {
        let mut byte = [0];
        self.fill(&mut byte, reading)?;
        Ok(byte[0])
    }

    /// Fills `target` with the next bytes.
    pub(super) fn fill(&mut self, target: &mut [u8], reading: &'static str) -> Result<()> {
        let mut filled = 0;
        while filled < target.len() {
            let available = self.peek()?;
            if available.is_empty() {
                return Err(truncated(reading).at(self.position));
            }
            let count = available.len().min(target.len() - filled);
            target[filled..filled + count].copy_from_slice(&available[..count]);
            self.advance(count);
            filled += count;
        }
        Ok(())
    }

    /// A sign byte and a little-endian magnitude.
    #[inline]
    pub(super) fn integer(&mut self, reading: &'static str) -> Result<i64> {
        let start = self.position;
        let length = usize::from(self.widths.integer) + 1;
        // Loaded from where it stands: nearly every byte of a table of
        // contents is read through here.
        let at_hand = self
            .peek()?
            .first_chunk::<9>()
            .map(|[sign, magnitude @ ..]| (*sign, u64::from_le_bytes(*magnitude)));
        let (sign, magnitude) = if let Some(loaded) = at_hand {
            self.advance(length);
            loaded
        } else {
            let mut raw = [0; 9];
            self.fill(&mut raw[..length], reading)?;
            let [sign, magnitude @ ..] = raw;
            (sign, u64::from_le_bytes(magnitude))
        };
        let mask = u64::MAX >> (64 - 8 * u32::from(self.widths.integer));
        let magnitude = i64::try_from(magnitude & mask);
        match (sign, magnitude) {
            (0, Ok(magnitude)) => Ok(magnitude),
            (1, Ok(magnitude)) => Ok(-magnitude),
            _ => Err(malformed_integer(reading, start)),
        }
    }

    /// An integer that must fit `T`, as in `pg_dump`'s own `int`.
    pub(super) fn number<T: TryFrom<i64>>(&mut self, reading: &'static str) -> Result<T> {
        let start = self.position;
        let value = self.integer(reading)?;
        T::try_from(value).map_err(|_| {
            ArchiveError::malformed(format!("{value} is out of range for {reading}")).at(start)
        })
    }

    /// Calls `use_it` with the next string, which is `None` where it is NULL.
    pub(super) fn string_with<T>(
        &mut self,
        reading: &'static str,
        use_it: impl FnOnce(Option<&[u8]>) -> T,
    ) -> Result<T> {
        let start = self.position;
        let length = match self.integer(reading)? {
            -1 => return Ok(use_it(None)),
            length => usize::try_from(length).map_err(|_| {
                ArchiveError::malformed(format!("{reading} claims {length} bytes")).at(start)
            })?,
        };
        let available = self.peek()?;
        if available.len() >= length {
            let result = use_it(Some(&available[..length]));
            self.advance(length);
            return Ok(result);
        }
        self.spill(length, reading)?;
        let result = use_it(Some(&self.spill));
        // A single huge string is not to stay in memory for good.
        self.spill.shrink_to(1 << 16);
        Ok(result)
    }

    /// Gathers `length` bytes in `self.spill`, as they come.
    fn spill(&mut self, length: usize, reading: &'static str) -> Result<()> {
        let mut spill = std::mem::take(&mut self.spill);
        spill.clear();
        while spill.len() < length {
            let available = self.peek()?;
            if available.is_empty() {
                return Err(truncated(reading).at(self.position));
            }
            let count = available.len().min(length - spill.len());
            spill.extend_from_slice(&available[..count]);
            self.advance(count);
        }
        self.spill = spill;
        Ok(())
    }

    /// The next string's bytes.
    pub(super) fn string(&mut self, reading: &'static str) -> Result<Option<Vec<u8>>> {
        self.string_with(reading, |bytes| bytes.map(<[u8]>::to_vec))
    }

    /// Appends the next string to `text`: where it then stands there.
    pub(super) fn append_string(
        &mut self,
        reading: &'static str,
        text: &mut Vec<u8>,
    ) -> Result<Option<Range<usize>>> {
        self.string_with(reading, |bytes| {
            let start = text.len();
            text.extend_from_slice(bytes?);
            Some(start..text.len())
        })
    }

    /// A string of decimal digits, as OIDs and dependencies are written.
    pub(super) fn decimal(&mut self, reading: &'static str) -> Result<Option<u32>> {
        let start = self.position;
        self.string_with(reading, |bytes| {
            let Some(bytes) = bytes else {
                return Ok(None);
            };
            parse_decimal(bytes).map(Some).ok_or_else(|| {
                let seen = String::from_utf8_lossy(&bytes[..bytes.len().min(40)]);
                ArchiveError::malformed(format!("{seen:?} is no number for {reading}")).at(start)
            })
        })?
    }

    /// A flag byte and a little-endian position.
    pub(super) fn offset(&mut self) -> Result<WireOffset> {
        const READING: &str = "an item's data offset";
        let start = self.position;
        let flag = self.byte(READING)?;
        let mut position = [0; 8];
        self.fill(&mut position[..usize::from(self.widths.offset)], READING)?;
        match flag {
            1 => Ok(WireOffset::NotSet),
            2 => Ok(WireOffset::At(u64::from_le_bytes(position))),
            3 => Ok(WireOffset::NoData),
            _ => Err(ArchiveError::malformed(format!(
                "{flag} is not a state of an item's data offset"
            ))
            .at(start)),
        }
    }
}

fn truncated(reading: &'static str) -> ArchiveError {
    ArchiveError::new(ArchiveErrorKind::Truncated(reading))
}

fn malformed_integer(reading: &'static str, start: u64) -> ArchiveError {
    ArchiveError::malformed(format!("{reading} is not an integer")).at(start)
}

/// Decimal digits alone, within 32 bits: what `pg_dump` prints with `%u`.
pub(super) fn parse_decimal(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u32, |number, digit| {
        let digit = digit.is_ascii_digit().then(|| u32::from(digit - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::BufReader;

    const WIDTHS: Widths = Widths { integer: 4, offset: 8 };

    /// A reader whose buffer holds three bytes, so that all values cross it.
    fn reader(bytes: &[u8]) -> WireReader<BufReader<&[u8]>> {
        WireReader::new(BufReader::with_capacity(3, bytes), 100, WIDTHS)
    }

    #[test]
    fn integers_have_a_sign_byte() {
        let mut wire = reader(&[0, 1, 2, 0, 0, 1, 1, 0, 0, 0, 2, 0, 0, 0, 0]);
        assert_eq!(wire.integer("x").unwrap(), 513);
        assert_eq!(wire.integer("x").unwrap(), -1);
        let error = wire.integer("x").unwrap_err();
        assert_eq!(error.offset(), Some(110));
        assert!(matches!(error.kind(), ArchiveErrorKind::Malformed(_)));
    }

    #[test]
    fn null_is_not_the_empty_string() {
        let mut wire =
            reader(&[1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, b'a', b'b', b'c', b'd']);
        assert_eq!(wire.string("x").unwrap(), None);
        assert_eq!(wire.string("x").unwrap(), Some(vec![]));
        assert_eq!(wire.string("x").unwrap(), Some(b"abcd".to_vec()));
        assert!(wire.is_at_end().unwrap());
    }

    #[test]
    fn a_claimed_length_allocates_nothing() {
        let mut wire = reader(&[0, 255, 255, 255, 127, b'a']);
        let error = wire.string("a name").unwrap_err();
        assert!(matches!(error.kind(), ArchiveErrorKind::Truncated("a name")));
        assert_eq!(error.offset(), Some(106));
        let mut wire = reader(&[1, 2, 0, 0, 0]);
        assert!(wire.string("a name").unwrap_err().to_string().contains("claims -2 bytes"));
    }

    #[test]
    fn decimals_are_digits_alone() {
        assert_eq!(parse_decimal(b"4294967295"), Some(u32::MAX));
        assert_eq!(parse_decimal(b"4294967296"), None);
        assert_eq!(parse_decimal(b"-1"), None);
        assert_eq!(parse_decimal(b" 1"), None);
        assert_eq!(parse_decimal(b""), None);
    }

    #[test]
    fn offsets_have_three_states() {
        let mut bytes = vec![1, 9, 9, 9, 9, 9, 9, 9, 9];
        bytes.extend([2, 0, 1, 0, 0, 0, 0, 0, 0]);
        bytes.extend([3, 0, 0, 0, 0, 0, 0, 0, 0]);
        bytes.extend([0; 9]);
        let mut wire = reader(&bytes);
        assert_eq!(wire.offset().unwrap(), WireOffset::NotSet);
        assert_eq!(wire.offset().unwrap(), WireOffset::At(256));
        assert_eq!(wire.offset().unwrap(), WireOffset::NoData);
        assert_eq!(wire.offset().unwrap_err().offset(), Some(127));
    }
}
