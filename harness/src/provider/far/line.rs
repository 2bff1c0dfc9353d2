//! One direction of a connection: what is read comes out after the delay, in order, as a line
//! of that length would bring it.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::Instant;

use super::alarm::Alarm;

/// Bytes read at once.
const PIECE: usize = 256 << 10;

/// Bytes under way in a direction at most: a second at 64 MB/s, so that a delay alone does not
/// limit the throughput.
const UNDER_WAY: usize = 64 << 20;

/// What waits before a link of limited bandwidth: more than that, and the sender waits, as it
/// would for a full router.
const BACKLOG: Duration = Duration::from_millis(50);

/// One direction of a network, which all connections share.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) latency: Duration,
    /// Bytes per second.
    bandwidth: Option<f64>,
    /// When what was sent so far has left.
    free: Mutex<Instant>,
}

/// When something that is sent leaves, and when it arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Times {
    leaves: Instant,
    arrives: Instant,
}

impl Link {
    pub(super) fn new(latency: Duration, bandwidth: Option<f64>) -> Self {
        Self { latency, bandwidth, free: Mutex::new(Instant::now()) }
    }

    fn send(&self, bytes: usize, now: Instant) -> Times {
        let leaves = match self.bandwidth {
            None => now,
            Some(bandwidth) => {
                let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
                *free = now.max(*free) + Duration::from_secs_f64(bytes as f64 / bandwidth);
                *free
            }
        };
        Times { leaves, arrives: leaves + self.latency }
    }

    /// Bytes that are sent at once: a slow link is shared in small pieces, a millisecond each.
    fn piece(&self) -> usize {
        let of_a_millisecond = self.bandwidth.map_or(PIECE, |of| (of / 1000.0) as usize);
        of_a_millisecond.clamp(1500, PIECE)
    }
}

/// A piece under way.
struct Piece {
    arrives: Instant,
    bytes: Bytes,
    _room: OwnedSemaphorePermit,
}

/// Carries everything from `from` to `to`, until either ends.
pub(super) async fn carry(
    from: impl AsyncRead + Unpin,
    to: impl AsyncWrite + Unpin,
    link: Arc<Link>,
    alarm: Alarm,
) -> io::Result<()> {
    let (sender, receiver) = mpsc::unbounded_channel();
    let (read, written) =
        tokio::join!(read(from, sender, link, alarm.clone()), write(to, receiver, alarm));
    read.and(written)
}

async fn read(
    mut from: impl AsyncRead + Unpin,
    sender: mpsc::UnboundedSender<Piece>,
    link: Arc<Link>,
    alarm: Alarm,
) -> io::Result<()> {
    let room = Arc::new(Semaphore::new(UNDER_WAY));
    let most = link.piece();
    let mut buffer = BytesMut::new();
    loop {
        buffer.reserve(most);
        let count = (&mut from).take(most as u64).read_buf(&mut buffer).await?;
        if count == 0 {
            return Ok(());
        }
        let Times { leaves, arrives } = link.send(count, Instant::now());
        let room = Arc::clone(&room).acquire_many_owned(count as u32).await;
        let room = room.map_err(io::Error::other)?;
        let bytes = buffer.split().freeze();
        if sender.send(Piece { arrives, bytes, _room: room }).is_err() {
            return Ok(());
        }
        if let Some(early) = leaves.checked_sub(BACKLOG) {
            alarm.at(early).await;
        }
    }
}

async fn write(
    mut to: impl AsyncWrite + Unpin,
    mut receiver: mpsc::UnboundedReceiver<Piece>,
    alarm: Alarm,
) -> io::Result<()> {
    while let Some(piece) = receiver.recv().await {
        alarm.at(piece.arrives).await;
        to.write_all(&piece.bytes).await?;
    }
    to.shutdown().await
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokio::io::duplex;

    use super::*;

    #[test]
    fn a_link_takes_its_time_for_bytes_and_shares_it() {
        let link = Link::new(Duration::from_millis(5), Some(1e6));
        let start = Instant::now() + Duration::from_secs(1);
        let first = link.send(1000, start);
        assert_eq!(first.leaves - start, Duration::from_millis(1));
        assert_eq!(first.arrives - first.leaves, Duration::from_millis(5));
        let second = link.send(3000, start);
        assert_eq!(second.leaves - first.leaves, Duration::from_millis(3), "one behind the other");
        let later = start + Duration::from_secs(1);
        assert_eq!(link.send(1000, later).leaves - later, Duration::from_millis(1));
        assert_eq!(link.piece(), 1500);
        assert_eq!(Link::new(Duration::ZERO, None).piece(), PIECE);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn everything_comes_out_once_and_in_order(
            pieces in prop::collection::vec(1_usize..6000, 0..40),
            micros in 0_u64..3000,
            bandwidth in prop::option::of(1e7..1e9_f64),
        ) {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(async {
                let link = Arc::new(Link::new(Duration::from_micros(micros), bandwidth));
                let (mut client, near) = duplex(4096);
                let (far, mut server) = duplex(4096);
                let line = tokio::spawn(carry(near, far, link, Alarm::start()));
                let total: usize = pieces.iter().sum();
                let sent: Vec<u8> = (0..total).map(|at| (at * 31 + at / 251) as u8).collect();
                let expected = sent.clone();
                let start = Instant::now();
                let sender = tokio::spawn(async move {
                    let mut rest = &sent[..];
                    for size in pieces {
                        let (piece, after) = rest.split_at(size);
                        client.write_all(piece).await.unwrap();
                        rest = after;
                    }
                });
                let mut received = Vec::new();
                server.read_to_end(&mut received).await.unwrap();
                sender.await.unwrap();
                line.await.unwrap().unwrap();
                assert!(received == expected, "{} of {} bytes", received.len(), expected.len());
                if !expected.is_empty() {
                    assert!(start.elapsed() >= Duration::from_micros(micros));
                }
            });
        }
    }
}
