//! Anybody's device: it connects to a UDP port of ours, of its own accord or when a command has it do so.

use super::halt::Halt;
use super::hub::PATIENCE;
use super::remote::{Account, Sockets};
use super::settle;
use conformance::{
    Case, Implementation, Packet, Patience, Role, Setup, Subject, Unsupported, Wire, Wish,
};
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use core::time::Duration;
use ike_core::{Header, Instant, Path};
use std::collections::BTreeSet;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

/// The SPIs of attempts that a case has seen to: what still comes of them is not for the next one.
type Past = Arc<Mutex<BTreeSet<u64>>>;

/// A device that connects to a port of ours.
pub struct Caller {
    name: String,
    at: SocketAddr,
    account: Account,
    wake: Option<String>,
    patience: Patience,
    past: Past,
    halt: Halt,
}

impl Caller {
    /// The device that connects to this address of ours. `wake` is what has it begin, for the shell; without it the
    /// device begins of its own accord within `within`.
    #[must_use]
    pub fn new(
        at: SocketAddr,
        account: Account,
        (wake, within): (Option<String>, Duration),
        halt: Halt,
    ) -> Self {
        let patience =
            Patience { wake: within, retransmission: within.max(RETRANSMISSION), ..PATIENCE };
        let name = format!("udp:{at}");
        Self { name, at, account, wake, patience, past: Past::default(), halt }
    }

    /// Where the device seems to be to the cases, which know no address of it beforehand.
    fn nominal(&self) -> SocketAddr {
        let address: IpAddr = match self.at {
            SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        SocketAddr::new(address, settle::IKE_PORT)
    }
}

/// Longer than the longest timeout of the usual devices.
const RETRANSMISSION: Duration = Duration::from_secs(60);

impl Implementation for Caller {
    fn name(&self) -> &str {
        &self.name
    }

    fn role(&self) -> Role {
        Role::Initiator
    }

    fn place(&self, _case: &Case, setup: &mut Setup) {
        setup.path = Path { local: self.at, remote: self.nominal() };
        setup.peer = self.account.identity.clone();
        setup.psk = self.account.psk.clone();
        setup.suite = self.account.suite;
        setup.seed = settle::fresh();
    }

    fn start(&self, setup: &Setup) -> Result<Box<dyn Subject>, Unsupported> {
        self.account.suits(setup)?;
        if !setup.initial_contact {
            return Err(Unsupported("nobody here has it leave INITIAL_CONTACT out".into()));
        }
        Ok(Box::new(Called {
            sockets: Sockets::bind(self.at, self.halt.clone())?,
            nominal: self.nominal(),
            actual: None,
            wake: self.wake.clone(),
            woken: Vec::new(),
            patience: self.patience,
            before: self.past.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            past: Arc::clone(&self.past),
        }))
    }
}

/// The device in one case.
struct Called {
    sockets: Sockets,
    nominal: SocketAddr,
    /// Where its latest attempt began.
    actual: Option<SocketAddr>,
    wake: Option<String>,
    woken: Vec<Child>,
    patience: Patience,
    /// The SPIs of attempts before this case.
    before: BTreeSet<u64>,
    past: Past,
}

impl Called {
    /// Whether a packet is of an attempt that an earlier case has seen to; notes the others. A client that is started
    /// anew comes from another port: where an attempt begins, there the device is from then on.
    fn is_stale(&mut self, packet: &Packet) -> bool {
        let Ok(header) = Header::parse(&packet.octets) else { return false };
        if self.before.contains(&header.spi_i.0) {
            return true;
        }
        if self.past.lock().unwrap_or_else(PoisonError::into_inner).insert(header.spi_i.0) {
            self.actual = Some(packet.path.remote);
        }
        false
    }
}

impl Subject for Called {
    fn now(&self) -> Instant {
        self.sockets.now()
    }

    fn patience(&self) -> Patience {
        self.patience
    }

    fn give(&mut self, path: Path, wire: Wire, octets: &[u8]) -> Result<(), Unsupported> {
        let remote = if path.remote == self.nominal {
            let nowhere = || Unsupported("the device has not yet said where it is".into());
            self.actual.ok_or_else(nowhere)?
        } else {
            path.remote
        };
        self.sockets.give(Path { remote, ..path }, wire, octets)
    }

    fn receive(&mut self, until: Instant) -> Option<Packet> {
        loop {
            let mut packet = self.sockets.receive(until)?;
            if self.is_stale(&packet) {
                continue;
            }
            if *self.actual.get_or_insert(packet.path.remote) == packet.path.remote {
                packet.path.remote = self.nominal;
            }
            return Some(packet);
        }
    }

    fn wish(&mut self, wish: Wish) -> Result<(), Unsupported> {
        match (wish, &self.wake) {
            (Wish::Connect, Some(command)) => {
                let mut shell = Command::new("sh");
                shell.args(["-c", command]).stdin(Stdio::null()).stdout(Stdio::null());
                in_a_group(&mut shell);
                let child = shell.spawn();
                self.woken.push(child.map_err(|error| Unsupported(format!("sh: {error}")))?);
                Ok(())
            }
            (Wish::Connect, None) => Ok(()),
            _ => Err(Unsupported(format!("nobody asks this device for {wish:?}"))),
        }
    }
}

impl Drop for Called {
    fn drop(&mut self) {
        for child in &mut self.woken {
            end(child);
            // One that has ended by itself is fine.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// What the shell starts shall end with it: all are one process group.
#[cfg(unix)]
fn in_a_group(shell: &mut Command) {
    std::os::unix::process::CommandExt::process_group(shell, 0);
}

#[cfg(not(unix))]
const fn in_a_group(_: &mut Command) {}

/// Ends the group of a shell that is still there.
fn end(shell: &mut Child) {
    if cfg!(unix) && matches!(shell.try_wait(), Ok(None)) {
        let kill = format!("kill -s TERM -- -{}", shell.id());
        // A group that has ended meanwhile is fine.
        let _ = Command::new("sh").args(["-c", &kill]).stderr(Stdio::null()).status();
    }
}
