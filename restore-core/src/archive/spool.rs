//! An archive that is still coming, as from a pipe: what has come is kept in a
//! file, and who reads further waits.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// How much is taken from the input at once.
const PIECE: usize = 256 << 10;

/// What has come of an archive, and whether more will.
#[derive(Debug)]
pub(super) struct Spool {
    store: File,
    arrived: Mutex<Arrived>,
    more: Condvar,
}

#[derive(Debug, Default)]
struct Arrived {
    bytes: u64,
    /// How the input ended.
    end: Option<Result<(), (ErrorKind, String)>>,
}

impl Spool {
    /// Takes all of `input` into `store`, on a thread of its own.
    pub(super) fn fill(store: File, input: impl Read + Send + 'static) -> Arc<Self> {
        let (arrived, more) = (Mutex::default(), Condvar::new());
        let spool = Arc::new(Self { store, arrived, more });
        let filled = Arc::clone(&spool);
        std::thread::spawn(move || {
            let end = filled.take_all(input).map_err(|error| (error.kind(), error.to_string()));
            filled.arrived().end = Some(end);
            filled.more.notify_all();
        });
        spool
    }

    fn take_all(&self, mut input: impl Read) -> io::Result<()> {
        let mut piece = vec![0; PIECE];
        loop {
            let count = match input.read(&mut piece) {
                Ok(0) => return Ok(()),
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let position = self.arrived().bytes;
            self.store.write_all_at(&piece[..count], position).map_err(|error| {
                let what = format!("what arrives cannot be kept in a temporary file: {error}");
                io::Error::new(error.kind(), what)
            })?;
            self.arrived().bytes += count as u64;
            self.more.notify_all();
        }
    }

    fn arrived(&self) -> MutexGuard<'_, Arrived> {
        self.arrived.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many bytes there are in all; `None` while more may come.
    pub(super) fn length(&self) -> Option<u64> {
        let arrived = self.arrived();
        arrived.end.is_some().then_some(arrived.bytes)
    }

    /// Waits for the end of the input.
    pub(super) fn wait_for_end(&self) -> io::Result<()> {
        self.wait_for(u64::MAX).map(|_| ())
    }

    /// Waits until there are more than `position` bytes or no more will come,
    /// and tells how many there are.
    fn wait_for(&self, position: u64) -> io::Result<u64> {
        let mut arrived = self.arrived();
        while arrived.bytes <= position {
            match &arrived.end {
                Some(Ok(())) => break,
                Some(Err((kind, text))) => return Err(io::Error::new(*kind, text.clone())),
                None => arrived = self.more.wait(arrived).unwrap_or_else(PoisonError::into_inner),
            }
        }
        Ok(arrived.bytes)
    }
}

/// Reads a [`Spool`] from any place.
#[derive(Debug)]
pub(super) struct SpoolReader {
    spool: Arc<Spool>,
    position: u64,
}

impl SpoolReader {
    pub(super) fn new(spool: Arc<Spool>) -> Self {
        Self { spool, position: 0 }
    }
}

impl Read for SpoolReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let there = self.spool.wait_for(self.position)?.saturating_sub(self.position);
        let count = buffer.len().min(usize::try_from(there).unwrap_or(usize::MAX));
        let count = self.spool.store.read_at(&mut buffer[..count], self.position)?;
        self.position += count as u64;
        Ok(count)
    }
}

impl Seek for SpoolReader {
    fn seek(&mut self, target: SeekFrom) -> io::Result<u64> {
        let target = match target {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::Current(distance) => self.position.checked_add_signed(distance),
            SeekFrom::End(_) => None,
        };
        self.position = target.ok_or(ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_reader_waits_for_what_has_not_come() {
        let (input, mut output) = io::pipe().unwrap();
        let spool = Spool::fill(tempfile::tempfile().unwrap(), input);
        let mut reader = SpoolReader::new(Arc::clone(&spool));
        let far = Arc::clone(&spool);
        let later = std::thread::spawn(move || {
            let mut reader = SpoolReader::new(far);
            reader.seek(SeekFrom::Start(4)).unwrap();
            let mut text = String::new();
            reader.read_to_string(&mut text).unwrap();
            text
        });
        output.write_all(b"abc").unwrap();
        let mut begin = [0; 3];
        reader.read_exact(&mut begin).unwrap();
        assert_eq!((&begin, spool.length()), (b"abc", None));
        output.write_all(b"defg").unwrap();
        drop(output);
        assert_eq!(later.join().unwrap(), "efg");
        assert_eq!(spool.length(), Some(7));
        assert_eq!(reader.read(&mut [0; 9]).unwrap(), 4);
        assert_eq!(reader.read(&mut [0; 9]).unwrap(), 0);
    }

    #[test]
    fn an_input_that_fails_fails_its_readers() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("the cable is out"))
            }
        }
        let spool = Spool::fill(tempfile::tempfile().unwrap(), Broken);
        let error = SpoolReader::new(spool).read(&mut [0; 9]).unwrap_err();
        assert_eq!(error.to_string(), "the cable is out");
    }
}
