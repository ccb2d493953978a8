//! The door to a gateway outside: each IP packet is one UDP datagram, both ways.

use core::net::SocketAddr;
use std::io;
use std::time::Duration;
use tokio::net::UdpSocket;

/// The most octets that an IP datagram has.
const MAX_PACKET: usize = 65_535;
/// How long the socket is left alone after an error, so that one that stays cannot keep us busy.
const PAUSE: Duration = Duration::from_millis(10);

/// Our end of the tunnel to a gateway's network interface.
///
/// The other end is whoever sent the last datagram: it may be started again and have another port. An empty datagram
/// carries no packet; it tells where the other end is, and is answered with another, so that it knows the same of us.
#[derive(Debug)]
pub struct Portal {
    socket: UdpSocket,
    peer: Option<SocketAddr>,
    buffer: Vec<u8>,
    /// Packets that could not be sent.
    lost: u64,
}

impl Portal {
    /// A portal on an address of this machine; port 0 is any that is free.
    ///
    /// # Errors
    /// The address is not ours or in use, or the port needs privileges.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        let socket = UdpSocket::bind(address).await?;
        Ok(Self { socket, peer: None, buffer: vec![0; MAX_PACKET], lost: 0 })
    }

    /// Where it is.
    ///
    /// # Errors
    /// The operating system does not say.
    pub fn local(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Waits until somebody is at the other end.
    pub async fn peer(&mut self) -> SocketAddr {
        loop {
            if let Some(peer) = self.peer {
                return peer;
            }
            // A packet that comes before anybody listens is lost, as on any network.
            let _ = self.datagram().await;
        }
    }

    /// Forgets the packets that came so far.
    pub fn drain(&mut self) {
        while self.socket.try_recv_from(&mut self.buffer).is_ok() {}
    }

    /// How many packets could not be sent.
    #[must_use]
    pub const fn lost(&self) -> u64 {
        self.lost
    }

    /// The next packet. Waiting may be broken off; nothing is lost.
    pub async fn receive(&mut self) -> Vec<u8> {
        loop {
            if let Some(packet) = self.datagram().await {
                return packet;
            }
        }
    }

    /// The packet of the next datagram, if it has one.
    async fn datagram(&mut self) -> Option<Vec<u8>> {
        let received = self.socket.recv_from(&mut self.buffer).await;
        let Ok((len, from)) = received else {
            tokio::time::sleep(PAUSE).await;
            return None;
        };
        self.peer = Some(from);
        if len == 0 {
            // Should it not leave now, the other end will ask again.
            let _ = self.socket.try_send_to(&[], from);
            return None;
        }
        Some(self.buffer[..len].to_vec())
    }

    /// Sends a packet; one that cannot be sent is lost, as on any network, and counted.
    pub async fn send(&mut self, packet: &[u8]) {
        let sent = match self.peer {
            Some(peer) => self.socket.send_to(packet, peer).await.is_ok(),
            None => false,
        };
        self.lost += u64::from(!sent);
    }
}
