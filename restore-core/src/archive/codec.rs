//! Decompression of the archive's streams, in bounded memory.
//!
//! A custom archive joins raw zlib streams into its chunks where a directory
//! has gzip files; LZ4 frames and Zstandard frames are the same in both.
//! Every decoder tells a stream that ends too early from one that ends.
//!
//! Memory is what the stream's own head may ask for: 32 KiB for zlib, at most
//! 4 MiB a block for LZ4 (`pg_dump` writes 64 KiB), at most 128 MiB for
//! Zstandard (libzstd's limit without `long`).

use std::io::{self, BufRead, Read};

use flate2::bufread::MultiGzDecoder;
use flate2::{Decompress, FlushDecompress, Status};

use crate::format::Method;

/// How gzip-compressed data is wrapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrapping {
    /// A zlib stream, as in the chunks of a custom archive.
    Zlib,
    /// A gzip file, as in a directory.
    Gzip,
}

/// Decompresses one stream.
pub(super) enum Decoder<R: BufRead> {
    /// Nothing was written: an empty large object has no chunk at all.
    Empty,
    Plain(R),
    Zlib(Inflate<R>),
    Gzip(MultiGzDecoder<R>),
    Lz4(Box<Lz4<R>>),
    Zstd(Box<zstd::Decoder<'static, R>>),
}

impl<R: BufRead> Decoder<R> {
    /// A decoder of what `input` has from here on.
    pub(super) fn new(mut input: R, method: Method, wrapping: Wrapping) -> io::Result<Self> {
        if method == Method::None {
            return Ok(Self::Plain(input));
        }
        if input.fill_buf()?.is_empty() {
            return Ok(Self::Empty);
        }
        Ok(match (method, wrapping) {
            (Method::None, _) => Self::Plain(input),
            (Method::Gzip, Wrapping::Zlib) => Self::Zlib(Inflate::new(input)),
            (Method::Gzip, Wrapping::Gzip) => Self::Gzip(MultiGzDecoder::new(input)),
            (Method::Lz4, _) => Self::Lz4(Box::new(Lz4::new(input)?)),
            (Method::Zstd, _) => Self::Zstd(Box::new(zstd::Decoder::with_buffer(input)?)),
        })
    }
}

impl<R: BufRead> Read for Decoder<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Empty => Ok(0),
            Self::Plain(reader) => reader.read(buffer),
            Self::Zlib(reader) => reader.read(buffer),
            Self::Gzip(reader) => reader.read(buffer),
            Self::Lz4(reader) => reader.read(buffer),
            Self::Zstd(reader) => reader.read(buffer),
        }
    }
}

/// One zlib stream that fills its input.
///
/// `flate2`'s own reader takes the end of the input for the end of the
/// stream; here it is an error.
pub(super) struct Inflate<R> {
    input: R,
    state: Decompress,
    ended: bool,
}

impl<R: BufRead> Inflate<R> {
    fn new(input: R) -> Self {
        Self { input, state: Decompress::new(true), ended: false }
    }
}

impl<R: BufRead> Read for Inflate<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while !self.ended && !buffer.is_empty() {
            let input = self.input.fill_buf()?;
            if input.is_empty() {
                return Err(unexpected_end());
            }
            let (read, written) = (self.state.total_in(), self.state.total_out());
            let status = self
                .state
                .decompress(input, buffer, FlushDecompress::None)
                .map_err(|error| invalid(&error.to_string()))?;
            let consumed = (self.state.total_in() - read) as usize;
            let produced = (self.state.total_out() - written) as usize;
            self.input.consume(consumed);
            if status == Status::StreamEnd {
                self.ended = true;
                if !self.input.fill_buf()?.is_empty() {
                    return Err(invalid("bytes follow the end of the stream"));
                }
            } else if consumed == 0 && produced == 0 {
                return Err(invalid("the stream stands still"));
            }
            if produced > 0 {
                return Ok(produced);
            }
        }
        Ok(0)
    }
}

/// LZ4 frames, one after the other.
pub(super) struct Lz4<R> {
    /// `None` after the last one.
    frame: Option<lz4::Decoder<R>>,
}

impl<R: BufRead> Read for Lz4<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        while let Some(frame) = &mut self.frame {
            let count = frame.read(buffer)?;
            if count > 0 {
                return Ok(count);
            }
            self.frame = self.next_frame()?;
        }
        Ok(0)
    }
}

impl<R: BufRead> Lz4<R> {
    fn new(input: R) -> io::Result<Self> {
        Ok(Self { frame: Some(lz4::Decoder::new(input)?) })
    }

    /// What follows a frame that gives no more; an error if it has not ended.
    fn next_frame(&mut self) -> io::Result<Option<lz4::Decoder<R>>> {
        let Some(frame) = self.frame.take() else { return Ok(None) };
        let (mut input, end) = frame.finish();
        end.map_err(|_| unexpected_end())?;
        if input.fill_buf()?.is_empty() { Ok(None) } else { lz4::Decoder::new(input).map(Some) }
    }
}

fn unexpected_end() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the stream ends too early")
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
