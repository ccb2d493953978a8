//! A UDP socket on which the network's troubles are weather.

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use ike_core::Path;
use std::io;
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::time::{Instant, sleep_until};

/// The most octets that UDP carries (over IPv6; RFC 8200 5).
const MAX_DATAGRAM: usize = 65_527;
/// How long the socket is left alone after an error, so that one that stays cannot keep us busy.
const PAUSE: Duration = Duration::from_millis(10);

/// A datagram that arrived.
#[derive(Debug)]
pub struct Datagram {
    /// The way it came.
    pub path: Path,
    /// Its octets.
    pub octets: Vec<u8>,
}

/// The network or the kernel complains, for example about an ICMP "port unreachable". Nobody has to
/// prove anything to send such a message, so it must not be taken for the peer's death (RFC 7296 2.4): a
/// machine hears nothing of it and goes on by its timers.
#[derive(Debug)]
pub enum Trouble {
    /// About something sent before, or about receiving.
    Reported(io::Error),
    /// The datagram at hand did not leave.
    NotSent(io::Error),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reported(error) => write!(f, "ignores: {error}"),
            Self::NotSent(error) => write!(f, "could not send: {error}"),
        }
    }
}

/// A socket bound to one address of this machine, and to one peer or none.
#[derive(Debug)]
pub struct Wire {
    socket: UdpSocket,
    local: SocketAddr,
    peer: Option<SocketAddr>,
    buffer: Vec<u8>,
    /// Receiving waits until then.
    resume: Option<Instant>,
    /// A trouble was reported since something was last sent: the next one adds nothing.
    reported: bool,
}

impl Wire {
    /// A socket for one peer: the kernel picks the address that leads to it unless `local` has one, drops
    /// what comes from anybody else, and reports ICMP errors.
    ///
    /// # Errors
    /// The two addresses are of different families, ours is not ours or in use, the port needs
    /// privileges, or there is no route.
    pub async fn connect(local: Option<SocketAddr>, peer: SocketAddr) -> io::Result<Self> {
        let any: IpAddr = match peer {
            SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        let local = local.unwrap_or(SocketAddr::new(any, 0));
        if local.is_ipv4() != peer.is_ipv4() {
            let text = "expected two addresses of the same family";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        let socket = UdpSocket::bind(local).await?;
        socket.connect(peer).await?;
        Self::new(socket, Some(peer))
    }

    /// A socket for everybody.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidInput`] for the unspecified address, because a datagram's own destination
    /// would be unknown and the answer might leave from another address than the request went to
    /// (RFC 7296 2.11); otherwise the address is not ours or in use, or the port needs privileges.
    pub async fn listen(local: SocketAddr) -> io::Result<Self> {
        if local.ip().is_unspecified() {
            let text = "expected one address of this machine: behind the unspecified one \
                        nobody knows which a datagram came to and an answer must leave from";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        Self::new(UdpSocket::bind(local).await?, None)
    }

    fn new(socket: UdpSocket, peer: Option<SocketAddr>) -> io::Result<Self> {
        let local = socket.local_addr()?;
        let buffer = vec![0; MAX_DATAGRAM];
        Ok(Self { socket, local, peer, buffer, resume: None, reported: false })
    }

    /// Our address and port.
    #[must_use]
    pub fn local(&self) -> SocketAddr {
        self.local
    }

    /// The way to a peer.
    #[must_use]
    pub fn path_to(&self, remote: SocketAddr) -> Path {
        Path { local: self.local, remote }
    }

    /// The next datagram. Waiting may be broken off; nothing is lost.
    ///
    /// # Errors
    /// [`Trouble::Reported`], once for each datagram that was sent.
    pub async fn receive(&mut self) -> Result<Datagram, Trouble> {
        loop {
            if let Some(resume) = self.resume {
                sleep_until(resume).await;
                self.resume = None;
            }
            let received = match self.peer {
                Some(peer) => self.socket.recv(&mut self.buffer).await.map(|len| (len, peer)),
                None => self.socket.recv_from(&mut self.buffer).await,
            };
            match received {
                Ok((len, remote)) => {
                    let octets = self.buffer[..len].to_vec();
                    return Ok(Datagram { path: self.path_to(remote), octets });
                }
                Err(error) => {
                    self.resume = Some(Instant::now() + PAUSE);
                    if !core::mem::replace(&mut self.reported, true) {
                        return Err(Trouble::Reported(error));
                    }
                }
            }
        }
    }

    /// Sends a datagram to the remote end of the path.
    ///
    /// # Errors
    /// [`Trouble`]: the datagram left only if it is [`Trouble::Reported`].
    pub async fn send(&mut self, path: &Path, octets: &[u8]) -> Result<(), Trouble> {
        self.reported = false;
        let Err(error) = self.send_once(path, octets).await else { return Ok(()) };
        // An error may be that of an earlier datagram: the kernel then sends nothing and clears it.
        match self.send_once(path, octets).await {
            Ok(()) => Err(Trouble::Reported(error)),
            Err(error) => Err(Trouble::NotSent(error)),
        }
    }

    async fn send_once(&self, path: &Path, octets: &[u8]) -> io::Result<()> {
        match self.peer {
            Some(_) => self.socket.send(octets).await?,
            None => self.socket.send_to(octets, path.remote).await?,
        };
        Ok(())
    }
}
