//! The protections: a key stream over the text, and an ICV over all that the real one covers.

use crate::mixer::{Mixer, Purpose, Words};
use crypto::{Opening, ProtectionKey, Sealing, constant_time_eq};

/// Octets of the longest ICV.
const MAX_ICV: usize = 16;

pub(crate) fn seal(key: &ProtectionKey, parts: Sealing<'_>) {
    let lengths = Lengths { iv: parts.iv.len(), text: parts.text.len(), icv: parts.icv.len() };
    assert!(lengths.fit(key), "the caller built the parts in the protection's lengths");
    key_stream(key, parts.iv).hide(parts.text);
    icv(key, [parts.aad, parts.iv, parts.text]).fill(parts.icv);
}

/// `None` where the ICV is wrong or a part has an impossible length.
pub(crate) fn open(key: &ProtectionKey, parts: Opening<'_>) -> Option<()> {
    let lengths = Lengths { iv: parts.iv.len(), text: parts.text.len(), icv: parts.icv.len() };
    if !lengths.fit(key) {
        return None;
    }
    let mut expected = [0; MAX_ICV];
    let expected = &mut expected[..lengths.icv];
    icv(key, [parts.aad, parts.iv, parts.text]).fill(expected);
    if !constant_time_eq(expected, parts.icv) {
        return None;
    }
    key_stream(key, parts.iv).hide(parts.text);
    Some(())
}

/// How long the parts of a packet are, in octets.
struct Lengths {
    iv: usize,
    text: usize,
    icv: usize,
}

impl Lengths {
    fn fit(&self, key: &ProtectionKey) -> bool {
        let (protection, encryption) = (key.protection(), key.protection().encryption());
        self.iv == encryption.iv_len()
            && self.icv == protection.icv_len()
            && self.text.is_multiple_of(encryption.block_len())
    }
}

fn key_stream(key: &ProtectionKey, iv: &[u8]) -> Words {
    let mut mixer = Mixer::new(Purpose::KeyStream);
    mixer.field(key.encryption());
    mixer.field(iv);
    mixer.finish()
}

/// Under both keys: of an AEAD the second one is empty.
fn icv(key: &ProtectionKey, parts: [&[u8]; 3]) -> Words {
    let mut mixer = Mixer::new(Purpose::Icv);
    for field in [key.encryption(), key.integrity()].into_iter().chain(parts) {
        mixer.field(field);
    }
    mixer.finish()
}
