//! What nodes are made of: presets, and what a file changes of them.

use super::super::schema::{Always, CpuPreset, Millivolts, Nanoamperes, RadioPreset};
use super::super::{Cpu, Fragments, Framing, GroupTimes, Link, Listen, Power, Radio, schema};
use super::{Fault, Text, fault};
use core::time::Duration;
use crypto::Group;
use ike_core::Suite;
use schema::{Number, Or, Positive, Windows};
use toml::Spanned;

/// The least that a frame carries, in octets.
const LEAST_ROOM: u64 = 16;

/// The processor at `place`, which knows the group of `suite`.
pub(super) fn cpu(place: Spanned<Or<CpuPreset, schema::Cpu>>, suite: Suite) -> Result<Cpu, Fault> {
    let span = place.span();
    let cpu = match place.into_inner() {
        Or::Text(CpuPreset(preset)) => processor(*preset, Cpu::default()),
        Or::Table(mut raw) => {
            let preset = raw.preset.take().map(|Text(CpuPreset(preset))| *preset);
            let base = preset.map(|preset| processor(preset, Cpu::default()));
            processor(raw, base.unwrap_or_default())
        }
    };
    let group = suite.ike().group;
    if cpu.times(group).is_some() {
        return Ok(cpu);
    }
    let (name, suite) = (name(group), suite.name());
    let message =
        format!("{suite} needs `{name}`, and nothing says how long that takes: expected it");
    Err(Fault { span, message })
}

const fn name(group: Group) -> &'static str {
    match group {
        Group::Curve25519 => "x25519",
        Group::Ecp256 => "p256",
        Group::Modp2048 => "modp2048",
    }
}

/// What `raw` says, and else `base`.
fn processor(raw: schema::Cpu, base: Cpu) -> Cpu {
    let times = |raw: schema::GroupTimes| GroupTimes {
        key_generation: raw.key_generation.0,
        diffie_hellman: raw.diffie_hellman.0,
    };
    Cpu {
        x25519: raw.x25519.map(times).or(base.x25519),
        p256: raw.p256.map(times).or(base.p256),
        modp2048: raw.modp2048.map(times).or(base.modp2048),
        datagram: raw.datagram.map_or(base.datagram, |Text(time)| time),
    }
}

/// The radio at `place`, with which a node sends over `link`.
pub(super) fn radio(
    place: Spanned<Or<RadioPreset, schema::Radio>>,
    link: &Link,
) -> Result<Radio, Fault> {
    let span = place.span();
    // The radio has a bit rate of its own: with both, each octet would take its time twice.
    if [&link.towards, &link.back].iter().any(|way| way.bandwidth.is_some()) {
        let message = "the link has a `bandwidth`, so each octet would take its time twice: expected one of the two";
        return Err(Fault { span, message: message.to_owned() });
    }
    let raw = match place.into_inner() {
        Or::Text(RadioPreset(preset)) => *preset,
        Or::Table(mut raw) => {
            let preset = raw.preset.take().map(|Text(RadioPreset(preset))| *preset);
            over(raw, preset.unwrap_or_default())
        }
    };
    whole(raw).map_err(|message| Fault { span, message })
}

/// What `raw` says, and else `base`.
fn over(raw: schema::Radio, base: schema::Radio) -> schema::Radio {
    schema::Radio {
        preset: None,
        supply: raw.supply.or(base.supply),
        transmit: raw.transmit.or(base.transmit),
        receive: raw.receive.or(base.receive),
        listen: raw.listen.or(base.listen),
        cpu: raw.cpu.or(base.cpu),
        sleep: raw.sleep.or(base.sleep),
        bit_rate: raw.bit_rate.or(base.bit_rate),
        receive_bit_rate: raw.receive_bit_rate.or(base.receive_bit_rate),
        frame: raw.frame.or(base.frame),
        frame_header: raw.frame_header.or(base.frame_header),
        preamble: raw.preamble.or(base.preamble),
        acknowledgement: raw.acknowledgement.or(base.acknowledgement),
        turnaround: raw.turnaround.or(base.turnaround),
        fragments: raw.fragments.or(base.fragments),
    }
}

/// The radio, if nothing is missing that has no default.
fn whole(raw: schema::Radio) -> Result<Radio, String> {
    let missing = |key: &str| format!("it does not say `{key}`: expected that, or a `preset`");
    let Text(Millivolts(supply)) = raw.supply.ok_or_else(|| missing("supply"))?;
    let power = |current: Option<Text<Nanoamperes>>, key| {
        let Text(Nanoamperes(current)) = current.ok_or_else(|| missing(key))?;
        Ok::<Power, String>(Power::new(current, supply))
    };
    let bit_rate = raw.bit_rate.ok_or_else(|| missing("bit_rate"))?;
    let frame = raw.frame.ok_or_else(|| missing("frame"))?.get::<u64>();
    let frame_header = raw.frame_header.map_or(0, Number::get);
    if frame < frame_header + LEAST_ROOM {
        return Err(format!(
            "a `frame` of {frame} octets has no room behind a `frame_header` of {frame_header}: \
             expected {LEAST_ROOM} octets more at least"
        ));
    }
    let time = |time: Option<Text<Duration>>| time.map_or(Duration::ZERO, |Text(time)| time);
    Ok(Radio {
        transmit: power(raw.transmit, "transmit")?,
        receive: power(raw.receive, "receive")?,
        listen: power(raw.listen.or(raw.receive), "receive")?,
        cpu: power(raw.cpu, "cpu")?,
        sleep: power(raw.sleep, "sleep")?,
        framing: Framing {
            send_bit_rate: bit_rate.get(),
            receive_bit_rate: raw.receive_bit_rate.unwrap_or(bit_rate).get(),
            frame,
            frame_header,
            preamble: time(raw.preamble),
            acknowledgement: time(raw.acknowledgement),
            turnaround: time(raw.turnaround),
            fragments: raw.fragments.map_or(Fragments::Plain, |Text(fragments)| fragments),
        },
    })
}

/// When nodes listen, which only those with a radio do.
pub(super) fn listen(
    place: Option<Spanned<Or<Always, Windows>>>,
    radio: bool,
) -> Result<Listen, Fault> {
    let Some(place) = place else { return Ok(Listen::Always) };
    if !radio {
        return Err(fault(&place, "there is no `radio` that could listen: expected one, too"));
    }
    let Or::Table(raw) = place.into_inner() else { return Ok(Listen::Always) };
    let (Text(Positive(every)), &Text(Positive(length))) = (raw.every, raw.length.get_ref());
    if length > every {
        let message =
            format!("{length:?} is longer than `every`, {every:?}: expected at most that");
        return Err(fault(&raw.length, message));
    }
    let micros = |time: Duration| u64::try_from(time.as_micros()).expect("at most a century");
    Ok(Listen::Windows { every_us: micros(every), for_us: micros(length) })
}
