//! Reading captures that anybody made: pcap and pcapng, either byte order, any resolution.
//!
//! The framing is the library's. Fields and options are read here, because the library takes every time stamp of
//! pcapng for nanoseconds and refuses packets that it could give: those longer than the snapshot length, and those
//! whose list of options has no end.

#[cfg(test)]
mod tests;

use byteorder_slice::{BigEndian, LittleEndian};
use core::fmt;
use pcap_file::pcap::PcapParser;
use pcap_file::pcapng::RawBlock;
use pcap_file::{Endianness, PcapError, TsResolution};
use std::borrow::Cow;

/// The block types of pcapng that carry something here
/// (draft-ietf-opsawg-pcapng 4; the obsolete Packet Block is A).
mod block {
    pub(super) const SECTION: u32 = 0x0a0d_0d0a;
    pub(super) const INTERFACE: u32 = 1;
    pub(super) const PACKET: u32 = 2;
    pub(super) const SIMPLE_PACKET: u32 = 3;
    pub(super) const ENHANCED_PACKET: u32 = 6;
}

/// Options of pcapng (draft-ietf-opsawg-pcapng 3.5 and 4.2).
mod option {
    pub(super) const END: u16 = 0;
    pub(super) const COMMENT: u16 = 1;
    pub(super) const IF_TSRESOL: u16 = 9;
    pub(super) const IF_TSOFFSET: u16 = 14;
}

/// The formats that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// The classic one of libpcap.
    Pcap,
    /// The next generation.
    PcapNg,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pcap => "pcap",
            Self::PcapNg => "pcapng",
        })
    }
}

/// A packet as it stands in a capture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// When, in nanoseconds since 1970; `None` where the capture does not tell.
    pub at_ns: Option<u64>,
    /// The link type (tcpdump.org "Link-Layer Header Types").
    pub link_type: u32,
    /// What was captured, from the link layer's header on.
    pub octets: &'a [u8],
    /// How long it was on the wire: more octets than were captured, sometimes.
    pub original_len: usize,
    /// What somebody remarked about it.
    pub comment: Option<String>,
}

/// Where and why a capture breaks off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CutShort {
    /// Octets from the start of the file.
    pub offset: usize,
    /// What is wrong there.
    pub reason: String,
}

/// The packets of a capture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frames<'a> {
    /// The format of the file.
    pub format: Format,
    /// In their order.
    pub frames: Vec<Frame<'a>>,
    /// Whether the file ends, or makes no sense, behind the last of them.
    pub cut_short: Option<CutShort>,
}

/// The octets do not begin as a capture does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotACapture;

impl fmt::Display for NotACapture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a capture: it begins neither as pcap nor as pcapng")
    }
}

impl std::error::Error for NotACapture {}

/// Reads what can be read of a capture file.
///
/// # Errors
/// [`NotACapture`]; a file that only ends too early gives what it has.
pub fn read(file: &[u8]) -> Result<Frames<'_>, NotACapture> {
    if file.starts_with(&block::SECTION.to_be_bytes()) {
        return PcapNg::default().read(file);
    }
    let (rest, parser) = PcapParser::new(file).map_err(|_| NotACapture)?;
    Ok(read_pcap(file.len(), rest, &parser))
}

fn cut_short(file_len: usize, rest: &[u8], error: &PcapError) -> CutShort {
    let reason = match error {
        PcapError::IncompleteBuffer => "the file ends within a packet".into(),
        other => other.to_string(),
    };
    CutShort { offset: file_len - rest.len(), reason }
}

fn read_pcap<'a>(file_len: usize, mut rest: &'a [u8], parser: &PcapParser) -> Frames<'a> {
    let header = parser.header();
    let mut found = Frames { format: Format::Pcap, frames: Vec::new(), cut_short: None };
    while !rest.is_empty() {
        let (behind, packet) = match parser.next_raw_packet(rest) {
            Ok(next) => next,
            Err(error) => {
                found.cut_short = Some(cut_short(file_len, rest, &error));
                break;
            }
        };
        let fraction_ns = match header.ts_resolution {
            TsResolution::MicroSecond => u64::from(packet.ts_frac) * 1_000,
            TsResolution::NanoSecond => u64::from(packet.ts_frac),
        };
        found.frames.push(Frame {
            at_ns: Some(u64::from(packet.ts_sec) * 1_000_000_000 + fraction_ns),
            // The upper bits say how long a frame check sequence is.
            link_type: u32::from(header.datalink) & 0xffff,
            octets: borrowed(packet.data),
            original_len: packet.orig_len as usize,
            comment: None,
        });
        rest = behind;
    }
    found
}

/// What the library splits off a borrowed slice is borrowed.
fn borrowed(octets: Cow<'_, [u8]>) -> &[u8] {
    match octets {
        Cow::Borrowed(octets) => octets,
        Cow::Owned(_) => &[],
    }
}

/// An interface of a section of pcapng.
#[derive(Clone, Copy)]
struct Interface {
    link_type: u32,
    snap_len: u32,
    /// `if_tsresol`: a negative power of ten, or of two with the highest bit set.
    resolution: u8,
    /// Seconds to be added.
    offset: u64,
}

impl Interface {
    /// Microseconds unless an option says otherwise.
    const RESOLUTION: u8 = 6;

    fn at_ns(&self, ticks: u64) -> Option<u64> {
        let power = u32::from(self.resolution & 0x7f);
        let base: u128 = if self.resolution & 0x80 == 0 { 10 } else { 2 };
        let ns = u128::from(ticks) * 1_000_000_000 / base.checked_pow(power)?;
        u64::try_from(ns + u128::from(self.offset) * 1_000_000_000).ok()
    }
}

/// The state of reading pcapng: a section has a byte order and interfaces.
#[derive(Default)]
struct PcapNg {
    little: bool,
    interfaces: Vec<Interface>,
}

impl PcapNg {
    fn read(mut self, file: &[u8]) -> Result<Frames<'_>, NotACapture> {
        let mut found = Frames { format: Format::PcapNg, frames: Vec::new(), cut_short: None };
        let mut rest = file;
        while !rest.is_empty() {
            let block = if self.little {
                RawBlock::from_slice::<LittleEndian>(rest)
            } else {
                RawBlock::from_slice::<BigEndian>(rest)
            };
            let done = block.and_then(|(behind, block)| {
                let frame = self.block(block.type_, borrowed(block.body))?;
                Ok((behind, frame))
            });
            match done {
                Ok((behind, frame)) => {
                    found.frames.extend(frame);
                    rest = behind;
                }
                Err(_) if rest.len() == file.len() => return Err(NotACapture),
                Err(error) => {
                    found.cut_short = Some(cut_short(file.len(), rest, &error));
                    break;
                }
            }
        }
        Ok(found)
    }

    /// Takes in a block; the packet in it, if there is one.
    fn block<'a>(&mut self, kind: u32, body: &'a [u8]) -> Result<Option<Frame<'a>>, PcapError> {
        match kind {
            block::SECTION => {
                self.little = endianness(body)? == Endianness::Little;
                self.interfaces.clear();
                Ok(None)
            }
            block::INTERFACE => {
                let interface = self.interface(body)?;
                self.interfaces.push(interface);
                Ok(None)
            }
            block::ENHANCED_PACKET => {
                let number = self.u32_at(body, 0).ok_or(SHORT)?;
                self.packet(number, body).map(Some)
            }
            block::PACKET => {
                let number = self.u16_at(body, 0).ok_or(SHORT)?;
                self.packet(number.into(), body).map(Some)
            }
            block::SIMPLE_PACKET => self.simple_packet(body).map(Some),
            _ => Ok(None),
        }
    }

    fn interface(&self, body: &[u8]) -> Result<Interface, PcapError> {
        let link_type = self.u16_at(body, 0).ok_or(SHORT)?.into();
        let snap_len = self.u32_at(body, 4).ok_or(SHORT)?;
        let resolution = Interface::RESOLUTION;
        let mut interface = Interface { link_type, snap_len, resolution, offset: 0 };
        for (code, value) in self.options(&body[8..]) {
            match (code, value) {
                (option::IF_TSRESOL, [resolution]) => interface.resolution = *resolution,
                (option::IF_TSOFFSET, value) => {
                    let octets = value.try_into().ok();
                    let read = if self.little { u64::from_le_bytes } else { u64::from_be_bytes };
                    interface.offset = octets.map_or(0, read);
                }
                _ => {}
            }
        }
        Ok(interface)
    }

    /// Enhanced and obsolete packets differ in the first four octets only.
    fn packet<'a>(&self, number: u32, body: &'a [u8]) -> Result<Frame<'a>, PcapError> {
        let interface = usize::try_from(number).ok().and_then(|index| self.interfaces.get(index));
        let interface = interface.ok_or(PcapError::InvalidInterfaceId(number))?;
        let field = |at| self.u32_at(body, at).ok_or(SHORT);
        let ticks = u64::from(field(4)?) << 32 | u64::from(field(8)?);
        let (captured, original) = (field(12)? as usize, field(16)? as usize);
        let octets = body.get(20..).and_then(|rest| rest.get(..captured)).ok_or(SHORT)?;
        let options = body.get(20 + captured.next_multiple_of(4)..).unwrap_or_default();
        let comment = self
            .options(options)
            .find(|(code, _)| *code == option::COMMENT)
            .map(|(_, text)| String::from_utf8_lossy(text).into_owned());
        Ok(Frame {
            at_ns: interface.at_ns(ticks),
            link_type: interface.link_type,
            octets,
            original_len: original,
            comment,
        })
    }

    /// A packet of the first interface, without a time; its octets are padded.
    fn simple_packet<'a>(&self, body: &'a [u8]) -> Result<Frame<'a>, PcapError> {
        let interface = self.interfaces.first().ok_or(PcapError::InvalidInterfaceId(0))?;
        let original_len = self.u32_at(body, 0).ok_or(SHORT)? as usize;
        let kept = match interface.snap_len {
            0 => original_len,
            snap_len => original_len.min(snap_len as usize),
        };
        let octets = body[4..].get(..kept).ok_or(SHORT)?;
        let link_type = interface.link_type;
        Ok(Frame { at_ns: None, link_type, octets, original_len, comment: None })
    }

    /// Codes and values up to the end, however it is marked.
    fn options<'a>(&self, octets: &'a [u8]) -> impl Iterator<Item = (u16, &'a [u8])> {
        let mut rest = octets;
        core::iter::from_fn(move || {
            let (code, len) = (self.u16_at(rest, 0)?, usize::from(self.u16_at(rest, 2)?));
            let value = rest.get(4..4 + len).filter(|_| code != option::END)?;
            rest = rest.get(4 + len.next_multiple_of(4)..).unwrap_or_default();
            Some((code, value))
        })
    }

    fn u16_at(&self, octets: &[u8], at: usize) -> Option<u16> {
        let octets = octets.get(at..at + 2)?.try_into().ok()?;
        Some(if self.little { u16::from_le_bytes(octets) } else { u16::from_be_bytes(octets) })
    }

    fn u32_at(&self, octets: &[u8], at: usize) -> Option<u32> {
        let octets = octets.get(at..at + 4)?.try_into().ok()?;
        Some(if self.little { u32::from_le_bytes(octets) } else { u32::from_be_bytes(octets) })
    }
}

const SHORT: PcapError = PcapError::InvalidField("a block is shorter than what it should hold");

/// The byte order of the section that this header begins.
fn endianness(body: &[u8]) -> Result<Endianness, PcapError> {
    match body.first_chunk() {
        Some([0x1a, 0x2b, 0x3c, 0x4d]) => Ok(Endianness::Big),
        Some([0x4d, 0x3c, 0x2b, 0x1a]) => Ok(Endianness::Little),
        _ => Err(SHORT),
    }
}
