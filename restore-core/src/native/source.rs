//! Data of an archive, read ahead by a thread of its own and handed to
//! connections.
//!
//! Decompression is work for a processor, so it runs on blocking threads; the
//! channels are short, so that nothing is read much faster than it is sent.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use tokio::sync::{Mutex, mpsc};

use super::slices::{Slices, read_some};
use crate::archive::{Archive, ArchiveError, DataStream};
use crate::toc::Item;
use crate::units::Oid;

/// The pieces in which a whole stream is sent.
const PIECE: usize = 256 << 10;

/// Pieces that wait between the thread and the connection.
const PIECES_AHEAD: usize = 8;

/// What is written to a large object at once: a multiple of `LOBLKSIZE`, so
/// that no page is written twice.
const OBJECT_PIECE: usize = 256 << 10;

/// Objects that are filled in one transaction, at most.
const OBJECTS_PER_PART: usize = 1000;

/// An item of an archive that threads can share.
#[derive(Debug, Clone)]
pub(crate) struct DataItem {
    pub(crate) archive: Arc<Archive>,
    /// Its place in the table of contents.
    pub(crate) place: usize,
}

impl DataItem {
    fn item(&self) -> &Item {
        &self.archive.toc().items[self.place]
    }

    /// Its data from beginning to end. The channel ends where the data does.
    pub(crate) fn stream(self) -> mpsc::Receiver<Result<Bytes, ArchiveError>> {
        let (sender, receiver) = mpsc::channel(PIECES_AHEAD);
        tokio::task::spawn_blocking(move || {
            let read = self.archive.data(self.item()).and_then(|stream| send_all(stream, &sender));
            if let Err(error) = read {
                // Nobody waits for it any more.
                let _ = sender.blocking_send(Err(error));
            }
        });
        receiver
    }

    /// Its rows in slices of at least so many bytes. Slices for which `skip`
    /// holds are read over.
    pub(crate) fn slices(
        self,
        slice_bytes: usize,
        skip: impl Fn(u32) -> bool + Send + 'static,
    ) -> Feed {
        Feed::new(move |sender| {
            let mut slices = Slices::new(self.archive.data(self.item())?, slice_bytes);
            let mut number = 0;
            while let Some(rows) = slices.next_slice().map_err(ArchiveError::from_io)? {
                let part = Part { number, content: Content::Rows(rows.into()) };
                if !skip(number) && sender.blocking_send(Ok(part)).is_err() {
                    break;
                }
                number += 1;
            }
            Ok(())
        })
    }

    /// Its large objects, in parts of about so many bytes.
    pub(crate) fn large_objects(
        self,
        part_bytes: usize,
        skip: impl Fn(u32) -> bool + Send + 'static,
    ) -> Feed {
        Feed::new(move |sender| {
            let mut parts =
                Parts { sender, part_bytes, skip, number: 0, writes: Vec::new(), size: 0 };
            let mut objects = self.archive.large_objects(self.item())?;
            while let Some((oid, mut stream)) = objects.next_object()? {
                if !parts.add(oid, &mut stream)? {
                    return Ok(());
                }
            }
            parts.send();
            Ok(())
        })
    }
}

fn send_all(
    mut stream: DataStream<'_>,
    sender: &mpsc::Sender<Result<Bytes, ArchiveError>>,
) -> Result<(), ArchiveError> {
    loop {
        let mut piece = vec![0; PIECE];
        let mut filled = 0;
        while filled < PIECE {
            let count =
                read_some(&mut stream, &mut piece[filled..]).map_err(ArchiveError::from_io)?;
            if count == 0 {
                break;
            }
            filled += count;
        }
        piece.truncate(filled);
        let is_last = filled < PIECE;
        let is_wanted = filled == 0 || sender.blocking_send(Ok(piece.into())).is_ok();
        if is_last || !is_wanted {
            return Ok(());
        }
    }
}

/// A part of an item's data that is loaded in a transaction of its own.
#[derive(Debug)]
pub(crate) struct Part {
    /// Its number within the item, from 0.
    pub(crate) number: u32,
    pub(crate) content: Content,
}

#[derive(Debug)]
pub(crate) enum Content {
    /// COPY text: whole rows.
    Rows(Bytes),
    /// Pieces of large objects.
    Objects(Vec<ObjectPiece>),
}

/// What is written to a large object at once.
#[derive(Debug, Clone)]
pub(crate) struct ObjectPiece {
    pub(crate) oid: Oid,
    pub(crate) offset: i64,
    pub(crate) data: Bytes,
}

type PartSender = mpsc::Sender<Result<Part, ArchiveError>>;

/// The parts of one item, for several workers at once.
#[derive(Debug)]
pub(crate) struct Feed {
    parts: Mutex<mpsc::Receiver<Result<Part, ArchiveError>>>,
    is_over: AtomicBool,
}

impl Feed {
    fn new(read: impl FnOnce(&PartSender) -> Result<(), ArchiveError> + Send + 'static) -> Self {
        let (sender, receiver) = mpsc::channel(1);
        tokio::task::spawn_blocking(move || {
            if let Err(error) = read(&sender) {
                // Nobody waits for it any more.
                let _ = sender.blocking_send(Err(error));
            }
        });
        Self { parts: Mutex::new(receiver), is_over: AtomicBool::new(false) }
    }

    /// The next part; `None` behind the last, or once the feed was stopped.
    pub(crate) async fn next(&self) -> Option<Result<Part, ArchiveError>> {
        let mut parts = self.parts.lock().await;
        if self.is_over() {
            return None;
        }
        let part = parts.recv().await;
        if part.is_none() {
            self.stop();
        }
        part
    }

    /// Hands out no more parts.
    pub(crate) fn stop(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }

    /// Whether there is nothing more to be had.
    pub(crate) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }
}

/// Collects pieces of large objects into parts.
struct Parts<'a, S> {
    sender: &'a PartSender,
    part_bytes: usize,
    skip: S,
    number: u32,
    writes: Vec<ObjectPiece>,
    size: usize,
}

impl<S: Fn(u32) -> bool> Parts<'_, S> {
    /// Adds an object; tells whether anybody wants more.
    fn add(&mut self, oid: Oid, stream: &mut DataStream<'_>) -> Result<bool, ArchiveError> {
        let mut offset = 0;
        loop {
            let mut data = Vec::new();
            let limit = OBJECT_PIECE as u64;
            stream.by_ref().take(limit).read_to_end(&mut data).map_err(ArchiveError::from_io)?;
            // An empty object is told of too: in archives from before format
            // 1.12 it is made when its data comes.
            let is_last = data.len() < OBJECT_PIECE;
            if offset == 0 || !data.is_empty() {
                self.size += data.len();
                // No piece is longer than OBJECT_PIECE.
                let length = i64::try_from(data.len()).unwrap_or(i64::MAX);
                self.writes.push(ObjectPiece { oid, offset, data: data.into() });
                offset += length;
            }
            let is_full = self.size >= self.part_bytes || self.writes.len() >= OBJECTS_PER_PART;
            if is_full && !self.send() {
                return Ok(false);
            }
            if is_last {
                return Ok(true);
            }
        }
    }

    /// Sends what was collected; tells whether anybody wants more.
    fn send(&mut self) -> bool {
        let writes = std::mem::take(&mut self.writes);
        self.size = 0;
        if writes.is_empty() {
            return true;
        }
        let number = self.number;
        self.number += 1;
        let part = Part { number, content: Content::Objects(writes) };
        (self.skip)(number) || self.sender.blocking_send(Ok(part)).is_ok()
    }
}
