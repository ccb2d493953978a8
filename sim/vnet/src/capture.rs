//! Captures of raw IP datagrams in pcapng, for Wireshark; and [`read`]ing anybody's.
//!
//! Time stamps are virtual time counted from 1970-01-01, so that the octets of a capture are a function of the run.

mod read;
#[cfg(test)]
mod tests;

pub use read::{CutShort, Format, Frame, Frames, NotACapture, read};

use crate::time::Instant;
use core::fmt;
use core::time::Duration;
use pcap_file::pcapng::PcapNgWriter;
use pcap_file::pcapng::blocks::enhanced_packet::{EnhancedPacketBlock, EnhancedPacketOption};
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption,
};
use pcap_file::{DataLink, Endianness, PcapError};
use std::borrow::Cow;
use std::io::{self, Write};

/// No IP datagram without jumbograms is longer.
const SNAP_LEN: u32 = 65_535;

/// `if_tsresol` for 10^-9 seconds. pcap-file 2 writes nanoseconds whatever the option says, and a reader without the
/// option would take them for microseconds.
const NANOSECONDS: u8 = 9;

/// Why a capture could not be written.
#[derive(Debug)]
pub enum CaptureError {
    /// There is no interface of this number.
    UnknownInterface(u32),
    /// A comment or an interface name is longer (octets) than the format can hold.
    TextTooLong(usize),
    /// The format cannot hold this time: it ends 584 years after the start.
    TimeTooLate(Instant),
    /// The packet is longer (octets) than the format can hold.
    PacketTooLong(usize),
    /// The writer failed.
    Io(io::Error),
}

impl fmt::Display for CaptureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownInterface(number) => write!(f, "capture has no interface {number}"),
            Self::TextTooLong(octets) => write!(f, "capture text of {octets} octets is too long"),
            Self::TimeTooLate(at) => write!(f, "capture cannot hold the time {at}"),
            Self::PacketTooLong(octets) => write!(f, "packet of {octets} octets is too long"),
            Self::Io(error) => write!(f, "capture could not be written: {error}"),
        }
    }
}

impl std::error::Error for CaptureError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            _ => None,
        }
    }
}

impl From<PcapError> for CaptureError {
    fn from(error: PcapError) -> Self {
        match error {
            PcapError::IoError(error) => Self::Io(error),
            PcapError::InvalidInterfaceId(number) => Self::UnknownInterface(number),
            other => Self::Io(io::Error::other(other)),
        }
    }
}

/// A pcapng file in the making: little-endian, link type RAW (the datagrams begin with the IP header).
pub struct Capture<W: Write> {
    writer: PcapNgWriter<W>,
}

impl<W: Write> fmt::Debug for Capture<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Capture")
            .field("interfaces", &self.writer.interfaces())
            .finish_non_exhaustive()
    }
}

impl<W: Write> Capture<W> {
    /// Begins a capture with the named interfaces, numbered from 0 in their order.
    ///
    /// # Errors
    /// [`CaptureError::TextTooLong`] for a name above 65,535 octets, [`CaptureError::Io`].
    pub fn new(writer: W, interfaces: &[&str]) -> Result<Self, CaptureError> {
        // The library's default is the order of the machine, and a run is the same octets everywhere.
        let mut writer = PcapNgWriter::with_endianness(writer, Endianness::Little)?;
        for name in interfaces {
            check_text(name)?;
            writer.write_pcapng_block(InterfaceDescriptionBlock {
                linktype: DataLink::RAW,
                snaplen: SNAP_LEN,
                options: vec![
                    InterfaceDescriptionOption::IfName(Cow::Borrowed(name)),
                    InterfaceDescriptionOption::IfTsResol(NANOSECONDS),
                ],
            })?;
        }
        Ok(Self { writer })
    }

    /// Appends a datagram seen at a time on an interface, with a comment of what became of it.
    ///
    /// # Errors
    /// [`CaptureError`]; nothing was written unless it is [`CaptureError::Io`].
    pub fn write(
        &mut self,
        at: Instant,
        interface: u32,
        packet: &[u8],
        comment: Option<&str>,
    ) -> Result<(), CaptureError> {
        comment.map_or(Ok(()), check_text)?;
        let original_len = u32::try_from(packet.len())
            .ok()
            .filter(|&len| len <= SNAP_LEN)
            .ok_or(CaptureError::PacketTooLong(packet.len()))?;
        let timestamp = Duration::from_micros(at.micros());
        if u64::try_from(timestamp.as_nanos()).is_err() {
            return Err(CaptureError::TimeTooLate(at));
        }
        let comment = comment.map(|text| EnhancedPacketOption::Comment(Cow::Borrowed(text)));
        self.writer.write_pcapng_block(EnhancedPacketBlock {
            interface_id: interface,
            timestamp,
            original_len,
            data: Cow::Borrowed(packet),
            options: comment.into_iter().collect(),
        })?;
        Ok(())
    }

    /// Ends the capture and gives the writer back, flushed.
    ///
    /// # Errors
    /// [`CaptureError::Io`]: flushing failed.
    pub fn finish(self) -> Result<W, CaptureError> {
        let mut writer = self.writer.into_inner();
        writer.flush().map_err(CaptureError::Io)?;
        Ok(writer)
    }
}

/// The length of an option is 16 bits, and the library cuts what does not fit.
fn check_text(text: &str) -> Result<(), CaptureError> {
    match u16::try_from(text.len()) {
        Ok(_) => Ok(()),
        Err(_) => Err(CaptureError::TextTooLong(text.len())),
    }
}
