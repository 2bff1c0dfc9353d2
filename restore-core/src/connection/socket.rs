//! The socket of a connection (`PQconnectPoll` and `setKeepalives*` in
//! `fe-connect.c`).

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll};

use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

use super::settings::Keepalives;

/// The socket of a connection.
#[derive(Debug)]
pub(super) enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// Where a socket leads.
#[derive(Debug, Clone)]
pub(super) enum SocketAddress {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

impl SocketAddress {
    /// `None` of a Unix socket.
    pub(super) fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Tcp(address) => Some(address.ip()),
            Self::Unix(_) => None,
        }
    }
}

/// How a socket is opened.
#[derive(Debug, Clone)]
pub(super) struct Opening {
    pub(super) address: SocketAddress,
    pub(super) keepalives: Keepalives,
}

impl Opening {
    pub(super) async fn open(&self) -> io::Result<Socket> {
        match &self.address {
            SocketAddress::Unix(path) => Ok(Socket::Unix(UnixStream::connect(path).await?)),
            SocketAddress::Tcp(address) => {
                let stream = TcpStream::connect(address).await?;
                stream.set_nodelay(true)?;
                self.keep_alive(&SockRef::from(&stream))?;
                Ok(Socket::Tcp(stream))
            }
        }
    }

    fn keep_alive(&self, socket: &SockRef<'_>) -> io::Result<()> {
        let settings = &self.keepalives;
        // libpq passes over tcp_user_timeout where there is no such option.
        #[cfg(target_os = "linux")]
        if settings.user_timeout.is_some() {
            socket.set_tcp_user_timeout(settings.user_timeout)?;
        }
        if !settings.enabled {
            return Ok(());
        }
        let mut keepalive = TcpKeepalive::new();
        if let Some(idle) = settings.idle {
            keepalive = keepalive.with_time(idle);
        }
        if let Some(interval) = settings.interval {
            keepalive = keepalive.with_interval(interval);
        }
        if let Some(count) = settings.count {
            keepalive = keepalive.with_retries(count);
        }
        socket.set_tcp_keepalive(&keepalive)
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Tcp(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Unix(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut *self {
            Self::Tcp(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Unix(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    /// A socket holds nothing back.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Unix(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
