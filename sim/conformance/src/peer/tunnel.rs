//! What a subject sends through the Child SA, judged in either role.

use super::Peer;
use crate::subject::{Packet, Wire, Wish};
use crate::verdict::{Outcome, Stop};
use crypto::{ProtectionKey, RustCrypto};
use esp::{Inbound, Opened, ReplayWindow};
use std::collections::BTreeSet;

impl Peer {
    /// The subject's next ESP packet.
    ///
    /// # Errors
    /// Nobody can make it send one, or there was none.
    pub fn esp_packet(&mut self) -> Outcome<Packet> {
        self.wish(Wish::Send)?;
        let within = self.patience.answer;
        let packets = self.listen(within);
        let esp = packets.into_iter().find(|packet| packet.wire == Wire::Esp);
        esp.ok_or_else(|| Stop::Inconclusive("the subject sent no ESP packet".into()))
    }

    /// Judges that the subject's next ESP packet has an IP packet inside, under this SPI and key.
    ///
    /// # Errors
    /// It has not.
    pub fn demand_tunnel(
        &mut self,
        id: &'static str,
        expected: &str,
        (spi, key): (u32, ProtectionKey),
    ) -> Outcome {
        let mut octets = self.esp_packet()?.octets;
        let mut inbound = Inbound::new(spi, key, ReplayWindow::default());
        let opened = inbound.open(&RustCrypto, &mut octets);
        let tunnel = matches!(opened, Ok(Opened::Packet { .. }));
        let found = opened.err().map_or_else(|| "a dummy".to_owned(), |error| error.to_string());
        self.demand(id, tunnel, expected, || found)
    }

    /// Judges that no two of the subject's next ESP packets have one IV. Whoever cannot be made to send any shows
    /// nothing.
    ///
    /// # Errors
    /// Two have.
    pub fn demand_other_esp_ivs(&mut self, id: &'static str) -> Outcome {
        let len = self.setup.suite.esp().protection.encryption().iv_len();
        let mut known = BTreeSet::new();
        for _ in 0..3 {
            let Ok(packet) = self.esp_packet() else { return Ok(()) };
            let iv = packet.octets.get(esp::HEADER_LEN..esp::HEADER_LEN + len).unwrap_or_default();
            let found = || format!("{} again", ike_decode::hex(iv));
            self.demand(id, known.insert(iv.to_vec()), "another IV of ESP", found)?;
        }
        Ok(())
    }

    /// Judges that the sequence numbers of the subject's next five ESP packets grow.
    ///
    /// # Errors
    /// They do not.
    pub fn demand_growing_sequence(&mut self, id: &'static str) -> Outcome {
        let mut highest = 0;
        for _ in 0..5 {
            let packet = self.esp_packet()?;
            let number = packet.octets.get(4..8).and_then(|octets| octets.try_into().ok());
            let number = number.map_or(0, u32::from_be_bytes);
            let expected = format!("a sequence number above {highest}");
            self.demand(id, number > highest, &expected, || number.to_string())?;
            highest = number;
        }
        Ok(())
    }
}
