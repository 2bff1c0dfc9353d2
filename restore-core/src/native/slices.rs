//! COPY text cut into slices that can be loaded each by itself.
//!
//! COPY writes a line feed within a value as `\n`, so that a raw one ends a
//! row, in every encoding that PostgreSQL dumps: the second bytes of
//! multibyte characters are never below 0x30. Behind the rows come `\.` and
//! empty lines (`pg_dump.c`, `dumpTableData_copy`); a row that is `\.` itself
//! is written `\\.`.

use std::io::{self, ErrorKind, Read};

use memchr::memchr;
use memchr::memmem::Finder;

/// How much is read at once.
const READ: usize = 256 << 10;

/// Cuts a stream of COPY text.
///
/// Where it is cut depends on the text and `slice_bytes` alone, not on how the
/// stream hands it out: a resumed restore finds the same slices.
pub(crate) struct Slices<R> {
    stream: R,
    slice_bytes: usize,
    /// What was read behind the last cut.
    rest: Vec<u8>,
    is_ended: bool,
    terminator: Finder<'static>,
}

impl<R: Read> Slices<R> {
    pub(crate) fn new(stream: R, slice_bytes: usize) -> Self {
        Self {
            stream,
            slice_bytes: slice_bytes.max(1),
            rest: Vec::new(),
            is_ended: false,
            terminator: Finder::new(b"\n\\.\n"),
        }
    }

    /// The next slice: whole rows, at least `slice_bytes` of them but for the
    /// last. `None` behind the last row.
    pub(crate) fn next_slice(&mut self) -> io::Result<Option<Vec<u8>>> {
        if self.is_ended {
            return Ok(None);
        }
        let mut slice = std::mem::take(&mut self.rest);
        match self.fill(&mut slice)? {
            Some(cut) => self.rest = slice.split_off(cut),
            None => self.is_ended = true,
        }
        if let Some(end) = self.end_of_rows(&slice) {
            slice.truncate(end);
            self.is_ended = true;
        }
        Ok((!slice.is_empty()).then_some(slice))
    }

    /// Reads until the slice is complete, and tells where it ends; `None` at
    /// the end of the stream.
    fn fill(&mut self, slice: &mut Vec<u8>) -> io::Result<Option<usize>> {
        let mut searched = self.slice_bytes - 1;
        loop {
            if let Some(at) = slice.get(searched..).and_then(|rest| memchr(b'\n', rest)) {
                return Ok(Some(searched + at + 1));
            }
            searched = searched.max(slice.len());
            let length = slice.len();
            slice.resize(length + READ, 0);
            let count = read_some(&mut self.stream, &mut slice[length..])?;
            slice.truncate(length + count);
            if count == 0 {
                return Ok(None);
            }
        }
    }

    /// Where the rows end, if the terminator is in this slice. A slice begins
    /// where a line does.
    fn end_of_rows(&self, slice: &[u8]) -> Option<usize> {
        if slice.starts_with(b"\\.\n") || slice == b"\\." {
            return Some(0);
        }
        if slice.ends_with(b"\n\\.") {
            return Some(slice.len() - 2);
        }
        self.terminator.find(slice).map(|at| at + 1)
    }
}

/// Reads at least a byte, unless the stream is at its end.
pub(crate) fn read_some(stream: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match stream.read(buffer) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            read => return read,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Hands out a text in pieces of at most so many bytes.
    struct Pieces<'a>(&'a [u8], usize);

    impl Read for Pieces<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = self.0.len().min(self.1).min(buffer.len());
            let (piece, rest) = self.0.split_at(count);
            buffer[..count].copy_from_slice(piece);
            self.0 = rest;
            Ok(count)
        }
    }

    fn slices(text: &[u8], slice_bytes: usize, piece: usize) -> Vec<Vec<u8>> {
        let mut slices = Slices::new(Pieces(text, piece), slice_bytes);
        std::iter::from_fn(|| slices.next_slice().unwrap()).collect()
    }

    #[test]
    fn what_follows_the_terminator_is_no_row() {
        assert_eq!(slices(b"1\n22\n\\.\n\n\n", 1, 99), [b"1\n".to_vec(), b"22\n".to_vec()]);
        assert_eq!(slices(b"1\n22\n\\.\n\n\n", 99, 99), [b"1\n22\n".to_vec()]);
        assert_eq!(slices(b"\\.\n\n\n", 1, 99), Vec::<Vec<u8>>::new());
        assert_eq!(slices(b"\n\n\\.\n\n\n", 1, 99), [b"\n".to_vec(), b"\n".to_vec()]);
        assert_eq!(slices(b"\\\\.\n\\.\n\n\n", 9, 99), [b"\\\\.\n".to_vec()]);
    }

    proptest! {
        #[test]
        fn slices_cover_the_rows_exactly_once(
            rows in prop::collection::vec("[a-z\\\\.]{0,6}", 0..20),
            slice_bytes in 1usize..40,
            piece in 1usize..50,
        ) {
            let rows: Vec<_> = rows.into_iter().filter(|row| row != "\\.").collect();
            let text: String = rows.iter().flat_map(|row| [row.as_str(), "\n"]).collect();
            let stream = format!("{text}\\.\n\n\n");
            let cut = slices(stream.as_bytes(), slice_bytes, piece);
            prop_assert_eq!(cut.concat(), text.as_bytes());
            prop_assert!(cut.iter().all(|slice| slice.ends_with(b"\n")));
            // Wherever the pieces of the stream end.
            prop_assert_eq!(cut, slices(stream.as_bytes(), slice_bytes, 1000));
        }

        #[test]
        fn no_stream_loses_bytes_before_its_end(
            text in prop::collection::vec(prop::sample::select(b"a\n\\.".to_vec()), 0..40),
            slice_bytes in 1usize..20,
        ) {
            let cut = slices(&text, slice_bytes, 7).concat();
            prop_assert!(text.starts_with(&cut));
            let rest = &text[cut.len()..];
            prop_assert!(rest.is_empty() || rest.starts_with(b"\\."));
        }
    }
}
