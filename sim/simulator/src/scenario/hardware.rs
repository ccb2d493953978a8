//! What a node is made of: a processor that takes time for its work, and a radio that takes time and power.

use core::time::Duration;
use crypto::Group;
use ike_core::Operation;

/// What is known of some processors and radios, each number with its source.
pub(super) const PRESETS: &str = include_str!("hardware/presets.toml");

/// How long a processor takes for its work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cpu {
    /// For Curve25519.
    pub x25519: Option<GroupTimes>,
    /// For 256-bit ECP.
    pub p256: Option<GroupTimes>,
    /// For 2048-bit MODP.
    pub modp2048: Option<GroupTimes>,
    /// For each datagram, before it is sent and after it was received.
    pub datagram: Duration,
}

/// How long a processor takes for the operations of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupTimes {
    /// To draw a private key and compute its public value.
    pub key_generation: Duration,
    /// To compute a shared secret.
    pub diffie_hellman: Duration,
}

impl Cpu {
    /// What is known of a group.
    #[must_use]
    pub const fn times(&self, group: Group) -> Option<GroupTimes> {
        match group {
            Group::Curve25519 => self.x25519,
            Group::Ecp256 => self.p256,
            Group::Modp2048 => self.modp2048,
        }
    }

    /// How long an operation takes; none at all where nothing is known of its group.
    #[must_use]
    pub fn time(&self, operation: Operation) -> Duration {
        let (group, of): (_, fn(GroupTimes) -> Duration) = match operation {
            Operation::KeyGeneration(group) => (group, |times| times.key_generation),
            Operation::DiffieHellman(group) => (group, |times| times.diffie_hellman),
        };
        self.times(group).map_or(Duration::ZERO, of)
    }
}

/// A power, in picowatts: a nanoampere at a millivolt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Power(u64);

impl Power {
    /// The power of so many nanoamperes at so many millivolts.
    #[must_use]
    pub const fn new(current_na: u64, supply_mv: u64) -> Self {
        Self(current_na.saturating_mul(supply_mv))
    }

    /// In picowatts.
    #[must_use]
    pub const fn picowatts(self) -> u64 {
        self.0
    }
}

/// What a radio, and the device around it, needs in each state, and how it puts datagrams on the air.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Radio {
    /// While a frame is sent.
    pub transmit: Power,
    /// While a frame is received.
    pub receive: Power,
    /// While the receiver is on and nothing comes.
    pub listen: Power,
    /// While the processor works and the radio is off.
    pub cpu: Power,
    /// While neither does anything.
    pub sleep: Power,
    /// How datagrams become frames.
    pub framing: Framing,
}

/// How datagrams become frames on the air.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Framing {
    /// Bits a second that the node sends.
    pub send_bit_rate: u64,
    /// Bits a second that it receives.
    pub receive_bit_rate: u64,
    /// The longest frame, header and checksum included, in octets.
    pub frame: u64,
    /// What of a frame is header and checksum, in octets; less than `frame` by 16 at least.
    pub frame_header: u64,
    /// The time on the air before the first octet of a frame.
    pub preamble: Duration,
    /// The time that the acknowledgement of a frame takes; zero: there is none.
    pub acknowledgement: Duration,
    /// From a frame to its acknowledgement.
    pub turnaround: Duration,
    /// What becomes of a datagram that fits no frame.
    pub fragments: Fragments,
}

/// How a datagram that is longer than a frame is cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fragments {
    /// Each frame takes as much as it can.
    #[default]
    Plain,
    /// RFC 4944 5.3: a header of 4 octets in the first fragment and of 5 in the others, all but the last of which carry
    /// multiples of 8 octets.
    SixLowpan,
}

/// The time that a datagram takes on the air, as the node spends it, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Airtime {
    /// Frames that carry it.
    pub frames: u64,
    /// The node sends: frames, or acknowledgements of what it receives.
    pub transmit_us: u64,
    /// The node receives: acknowledgements, or frames.
    pub receive_us: u64,
    /// The node waits between frames and their acknowledgements.
    pub listen_us: u64,
}

impl Airtime {
    /// All of it.
    #[must_use]
    pub const fn total_us(&self) -> u64 {
        self.transmit_us + self.receive_us + self.listen_us
    }
}

const FIRST_FRAGMENT: u64 = 4;
const NEXT_FRAGMENT: u64 = 5;
/// Fragments are counted in units of so many octets.
const UNIT: u64 = 8;

impl Framing {
    /// The lengths of the frames that carry a datagram of so many octets, checksums included.
    pub fn frames(&self, octets: u64) -> impl Iterator<Item = u64> + '_ {
        let room = self.frame - self.frame_header;
        let whole = octets <= room || self.fragments == Fragments::Plain;
        let (mut left, mut first) = (octets, true);
        core::iter::from_fn(move || {
            if left == 0 && !first {
                return None;
            }
            let extra = match (whole, first) {
                (true, _) => 0,
                (false, true) => FIRST_FRAGMENT,
                (false, false) => NEXT_FRAGMENT,
            };
            let most = room - extra;
            let carried = match left <= most {
                true => left,
                false if whole => most,
                false => most / UNIT * UNIT,
            };
            (left, first) = (left - carried, false);
            Some(self.frame_header + extra + carried)
        })
    }

    /// What sending a datagram of so many octets takes.
    #[must_use]
    pub fn sending(&self, octets: u64) -> Airtime {
        let (frames, on_air, acknowledged, turned) = self.exchange(octets, self.send_bit_rate);
        let (transmit_us, receive_us, listen_us) = (on_air, acknowledged, turned);
        Airtime { frames, transmit_us, receive_us, listen_us }
    }

    /// What receiving a datagram of so many octets takes.
    #[must_use]
    pub fn receiving(&self, octets: u64) -> Airtime {
        let (frames, on_air, acknowledged, turned) = self.exchange(octets, self.receive_bit_rate);
        let (receive_us, transmit_us, listen_us) = (on_air, acknowledged, turned);
        Airtime { frames, transmit_us, receive_us, listen_us }
    }

    /// How many frames carry a datagram, and how long they, their acknowledgements and what is between take.
    fn exchange(&self, octets: u64, bit_rate: u64) -> (u64, u64, u64, u64) {
        let mut all = (0, 0, 0, 0);
        for frame in self.frames(octets) {
            all.0 += 1;
            all.1 += micros(self.preamble) + (frame * 8 * 1_000_000).div_ceil(bit_rate);
            if !self.acknowledgement.is_zero() {
                all.2 += micros(self.acknowledgement);
                all.3 += micros(self.turnaround);
            }
        }
        all
    }
}

/// A duration of a scenario in microseconds.
fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).expect("a duration of a scenario fits")
}

/// When the receiver of a node that waits is on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Listen {
    /// All the time.
    #[default]
    Always,
    /// In windows, the first of which begins when the node wakes.
    Windows {
        /// From the beginning of one to the beginning of the next, in microseconds; not zero.
        every_us: u64,
        /// How long each is, in microseconds; not zero and not longer.
        for_us: u64,
    },
}

impl Listen {
    /// Whether the receiver is on so long after the node woke.
    #[must_use]
    pub const fn is_on(self, since_us: u64) -> bool {
        match self {
            Self::Always => true,
            Self::Windows { every_us, for_us } => since_us % every_us < for_us,
        }
    }

    /// When it is on again, at that time at the earliest; both since the node woke.
    #[must_use]
    pub const fn next_us(self, since_us: u64) -> u64 {
        match self {
            Self::Windows { every_us, .. } if !self.is_on(since_us) => {
                (since_us / every_us + 1) * every_us
            }
            _ => since_us,
        }
    }

    /// How long it is on between two times, both since the node woke.
    #[must_use]
    pub const fn on_us(self, from_us: u64, until_us: u64) -> u64 {
        self.on_before(until_us) - self.on_before(from_us)
    }

    const fn on_before(self, since_us: u64) -> u64 {
        match self {
            Self::Always => since_us,
            Self::Windows { every_us, for_us } => {
                let begun = since_us % every_us;
                since_us / every_us * for_us + if begun < for_us { begun } else { for_us }
            }
        }
    }
}

#[cfg(test)]
mod tests;
