//! The stream of a connection, below `tokio_postgres`, which sends SQL in UTF-8
//! alone: once asked to, it sends the bytes that a text is spelled for
//! ([`crate::spelling`]) in place of the text.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, TlsConnect, TlsStream};

use crate::spelling::append_bytes;

/// Whether a stream sends bytes for spellings. It may be switched on while no
/// message is being sent.
#[derive(Debug, Clone, Default)]
pub(super) struct BytesSwitch(Arc<AtomicBool>);

impl BytesSwitch {
    pub(super) fn turn_on(&self) {
        self.0.store(true, Ordering::Release);
    }

    pub(super) fn is_on(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// A stream to a server.
pub(super) struct Stream<S> {
    inner: S,
    switch: BytesSwitch,
    respeller: Respeller,
    /// What is respelled and not sent yet.
    pending: Vec<u8>,
    sent: usize,
}

impl<S> Stream<S> {
    pub(super) fn new(inner: S, switch: BytesSwitch) -> Self {
        Self { inner, switch, respeller: Respeller::default(), pending: Vec::new(), sent: 0 }
    }
}

impl<S: AsyncWrite + Unpin> Stream<S> {
    fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.sent < self.pending.len() {
            let rest = &self.pending[self.sent..];
            match ready!(Pin::new(&mut self.inner).poll_write(context, rest))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => self.sent += written,
            }
        }
        self.pending.clear();
        self.sent = 0;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Stream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Stream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        if !self.switch.is_on() {
            return Pin::new(&mut self.inner).poll_write(context, buffer);
        }
        ready!(self.poll_send(context))?;
        let this = &mut *self;
        this.respeller.take(buffer, &mut this.pending);
        match self.poll_send(context) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            // The rest goes before whatever is written next.
            Poll::Ready(Ok(())) | Poll::Pending => Poll::Ready(Ok(buffer.len())),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_send(context))?;
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_send(context))?;
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

impl<S: TlsStream + Unpin> TlsStream for Stream<S> {
    fn channel_binding(&self) -> ChannelBinding {
        self.inner.channel_binding()
    }
}

/// Makes the TLS stream under a [`Stream`].
pub(super) struct TlsUnder<C> {
    pub(super) connector: C,
    pub(super) switch: BytesSwitch,
}

impl<S, C> TlsConnect<S> for TlsUnder<C>
where
    C: TlsConnect<S>,
    C::Future: Send + 'static,
{
    type Stream = Stream<C::Stream>;
    type Error = C::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Stream, Self::Error>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        let connected = self.connector.connect(stream);
        Box::pin(async move { Ok(Stream::new(connected.await?, self.switch)) })
    }
}

/// Puts bytes for spellings into the messages that hold SQL: Query and Parse
/// (manual, "Message Formats"). All others pass as they are.
#[derive(Debug, Default)]
struct Respeller {
    /// Of the message that is being taken.
    head: Vec<u8>,
    /// The body so far, of a message that holds SQL.
    body: Vec<u8>,
    /// How much of the body is still to come.
    left: usize,
}

/// The kind of a message, and its length without the kind.
const HEAD: usize = 5;
const QUERY: u8 = b'Q';
const PARSE: u8 = b'P';

impl Respeller {
    /// Takes more of the messages, cut anywhere.
    fn take(&mut self, mut input: &[u8], output: &mut Vec<u8>) {
        while !input.is_empty() {
            if self.head.len() < HEAD {
                let (head, rest) = input.split_at(input.len().min(HEAD - self.head.len()));
                self.head.extend_from_slice(head);
                input = rest;
                if self.head.len() < HEAD {
                    return;
                }
                self.left = self.length();
                if !self.holds_sql() {
                    output.extend_from_slice(&self.head);
                }
            }
            let (body, rest) = input.split_at(input.len().min(self.left));
            input = rest;
            self.left -= body.len();
            let into = if self.holds_sql() { &mut self.body } else { &mut *output };
            into.extend_from_slice(body);
            if self.left == 0 {
                self.end_message(output);
            }
        }
    }

    fn holds_sql(&self) -> bool {
        matches!(self.head.first(), Some(&(QUERY | PARSE)))
    }

    /// Of the body.
    fn length(&self) -> usize {
        let length =
            self.head[1..].iter().fold(0, |number, &byte| (number << 8) | usize::from(byte));
        length.saturating_sub(HEAD - 1)
    }

    fn end_message(&mut self, output: &mut Vec<u8>) {
        if self.holds_sql() {
            // Of Parse, numbers come behind a name and the SQL.
            let strings = if self.head[0] == PARSE { 2 } else { 1 };
            let end = memchr::memchr_iter(0, &self.body).nth(strings - 1);
            let (texts, numbers) = self.body.split_at(end.unwrap_or(self.body.len()));
            let start = output.len();
            output.extend_from_slice(&self.head);
            append_bytes(texts, output);
            output.extend_from_slice(numbers);
            // Bytes are fewer than the text that spells them.
            let length = u32::try_from(output.len() - start - 1).unwrap_or(u32::MAX);
            output[start + 1..start + HEAD].copy_from_slice(&length.to_be_bytes());
            self.body.clear();
        }
        self.head.clear();
    }
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;
    use proptest::prelude::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::spelling::spell;

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let length = (body.len() as u32 + 4).to_be_bytes();
        [&[kind], &length[..], body].concat()
    }

    /// Messages as they are written, and as they are to be sent.
    fn messages() -> (Vec<u8>, Vec<u8>) {
        let odd = b"COMMENT ON TABLE t IS 'gr\xf6\xdfer \xef\x9e\x80'";
        let spelled = spell(odd);
        let parse = |sql: &[u8]| [b"s0\0", sql, b"\0\0\x01\xef\x9e\x80\x80"].concat();
        let data = [spelled.as_bytes(), odd].concat();
        let of = |sql: &[u8]| {
            [
                message(b'Q', &[sql, b"\0"].concat()),
                message(b'S', b""),
                message(b'd', &data),
                message(b'P', &parse(sql)),
                message(b'Q', b"COMMIT\0"),
                message(b'c', b""),
            ]
            .concat()
        };
        (of(spelled.as_bytes()), of(odd))
    }

    proptest! {
        #[test]
        fn sql_is_sent_as_the_bytes_that_it_spells(cuts in proptest::collection::vec(1..40_usize, 1..80)) {
            let (written, expected) = messages();
            let (mut respeller, mut sent) = (Respeller::default(), Vec::new());
            let mut rest = &written[..];
            for cut in cuts.into_iter().chain([usize::MAX]) {
                let (piece, after) = rest.split_at(cut.min(rest.len()));
                respeller.take(piece, &mut sent);
                rest = after;
            }
            prop_assert_eq!(sent, expected);
        }
    }

    #[tokio::test]
    async fn a_stream_that_is_full_loses_nothing() {
        let (near, mut far) = tokio::io::duplex(7);
        let switch = BytesSwitch::default();
        let mut stream = Stream::new(near, switch.clone());
        let (written, expected) = messages();
        let mut received = BytesMut::new();
        let writing = async {
            stream.write_all(&written).await.unwrap();
            stream.flush().await.unwrap();
            switch.turn_on();
            stream.write_all(&written).await.unwrap();
            stream.shutdown().await.unwrap();
        };
        let reading = async { while far.read_buf(&mut received).await.unwrap() > 0 {} };
        tokio::join!(writing, reading);
        assert_eq!(received, [written, expected].concat());
    }
}
