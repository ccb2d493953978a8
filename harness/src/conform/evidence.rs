//! What is kept of each cell that has not passed: the ladder, and the octets as a capture.

use super::hub::datagram;
use anyhow::{Context, Result};
use conformance::{Cell, Direction, Matrix, Packet, Verdict};
use std::fs;
use std::path::Path;

/// Writes `FOLDER/IMPLEMENTATION/PROFILE/THEME-CASE.{txt,pcapng}` for each case of which a cell failed or stayed
/// inconclusive.
///
/// # Errors
/// A file cannot be written.
pub fn keep(matrix: &Matrix, folder: &Path) -> Result<()> {
    let said = |cell: &&Cell| {
        matches!(cell.finding.verdict, Verdict::Failed | Verdict::Inconclusive)
            && !cell.log.packets().is_empty()
    };
    for cell in matrix.cells.iter().filter(said) {
        let implementation = cell.implementation.replace([':', '/'], "-");
        let at = folder.join(implementation).join(cell.profile.name());
        fs::create_dir_all(&at).with_context(|| at.display().to_string())?;
        let name = cell.case.replace('/', "-");
        let marked = cell.finding.failure.as_ref().and_then(|failure| failure.message);
        let finding = &cell.finding;
        let head = format!("{} {}: {}\n\n", finding.requirement, finding.verdict, finding.text());
        let text = format!("{head}{}", cell.log.ladder(marked));
        runner::files::replace(&at.join(format!("{name}.txt")), text.as_bytes())?;
        runner::files::replace(&at.join(format!("{name}.pcapng")), &capture(cell)?)?;
    }
    Ok(())
}

fn capture(cell: &Cell) -> Result<Vec<u8>> {
    let mut capture = vnet::capture::Capture::new(Vec::new(), &["tester"])?;
    for (direction, packet) in cell.log.packets() {
        let at = vnet::time::Instant::from_micros(packet.at.micros());
        if let Some(datagram) = crossed(*direction, packet) {
            capture.write(at, 0, &datagram, None)?;
        }
    }
    Ok(capture.finish()?)
}

/// The IP datagram that a packet crossed in, as far as the tester knows it.
fn crossed(direction: Direction, packet: &Packet) -> Option<Vec<u8>> {
    let ends = match direction {
        Direction::ToSubject => (packet.path.local, packet.path.remote),
        Direction::FromSubject => (packet.path.remote, packet.path.local),
    };
    datagram(ends, packet.wire, &packet.octets)
}
