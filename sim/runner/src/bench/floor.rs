//! The time that a run cannot go below: its cryptographic operations and nothing else.

use crate::recorder::Operation;
use crypto::{
    Crypto, Group, MAX_PUBLIC_VALUE, Opening, Prf, PrivateKey, Protection, ProtectionKey,
    RustCrypto, Sealing,
};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::hint::black_box;

/// More than any text, additional data or key of a run.
const SCRATCH: usize = 65_536;

/// So many operations of one kind are done by one thread at a time.
const PART: u64 = 1_000;

/// The operations of a run.
pub(crate) struct Floor {
    operations: Vec<Operation>,
    material: Material,
}

/// What the operations work on, made ahead: everything has the length that it had in the run. What
/// it is does not matter, because the time of none of the algorithms depends on it.
struct Material {
    /// A private key, and the public value of the other side.
    groups: BTreeMap<Group, (PrivateKey, Vec<u8>)>,
    keys: BTreeMap<Protection, ProtectionKey>,
    /// By protection, octets of additional data, and octets of text.
    sealed: BTreeMap<(Protection, u32, u32), Sealed>,
}

/// Where operations put what they make.
struct Scratch {
    octets: Vec<u8>,
    text: Vec<u8>,
    public: [u8; MAX_PUBLIC_VALUE],
}

impl Scratch {
    fn new() -> Self {
        Self { octets: vec![6; SCRATCH], text: vec![7; SCRATCH], public: [0; MAX_PUBLIC_VALUE] }
    }
}

/// Ciphertext and ICV.
type Sealed = (Vec<u8>, Vec<u8>);

fn size(octets: u32) -> usize {
    usize::try_from(octets).expect("a length fits")
}

fn key_of(protection: Protection) -> ProtectionKey {
    let (encryption, integrity) =
        (protection.encryption().key_len(), protection.integrity_key_len());
    ProtectionKey::new(protection, &[1; 64][..encryption], &[2; 64][..integrity])
        .expect("keys of the protection's lengths")
}

fn iv_of(protection: Protection) -> &'static [u8] {
    &[3; 16][..protection.encryption().iv_len()]
}

fn pair(group: Group) -> (PrivateKey, Vec<u8>) {
    let key = |octet| PrivateKey::from_octets(group, &[octet; 32]).expect("a number in range");
    let mut public = [0; MAX_PUBLIC_VALUE];
    let public = &mut public[..group.public_value_len()];
    RustCrypto.public_value(&key(5), public);
    (key(4), public.to_vec())
}

impl Floor {
    pub(crate) fn new(operations: Vec<Operation>) -> Self {
        let material = Material::new(&operations);
        Self { operations, material }
    }

    pub(crate) fn count(&self, which: impl Fn(&Operation) -> bool) -> usize {
        self.operations.iter().filter(|operation| which(operation)).count()
    }

    /// Does all of them, in the order of the run.
    pub(crate) fn execute(&self) {
        let mut scratch = Scratch::new();
        for operation in &self.operations {
            self.material.execute(operation, &mut scratch);
        }
    }
}

/// Does each operation as often as it says, on all processors.
pub(crate) fn execute_counted(counts: &BTreeMap<Operation, u64>) {
    let operations: Vec<Operation> = counts.keys().copied().collect();
    let material = Material::new(&operations);
    let parts: Vec<(Operation, u64)> = counts
        .iter()
        .flat_map(|(operation, count)| {
            let starts = (0..*count).step_by(PART as usize);
            starts.map(move |start| (*operation, PART.min(count - start)))
        })
        .collect();
    // Part by part: the dear operations are next to each other, and a half of all parts is no half of the work.
    parts.par_iter().with_max_len(1).for_each_init(Scratch::new, |scratch, (operation, count)| {
        for _ in 0..*count {
            material.execute(operation, scratch);
        }
    });
}

impl Material {
    fn new(operations: &[Operation]) -> Self {
        let (mut groups, mut keys, mut sealed) = <(BTreeMap<_, _>, _, _)>::default();
        let mut keys_of = |protection| {
            BTreeMap::<_, _>::entry(&mut keys, protection)
                .or_insert_with(|| key_of(protection))
                .clone()
        };
        for operation in operations {
            match *operation {
                Operation::PublicValue(group) | Operation::SharedSecret(group) => {
                    groups.entry(group).or_insert_with(|| pair(group));
                }
                Operation::Prf { .. } => {}
                Operation::Seal { protection, .. } => {
                    keys_of(protection);
                }
                Operation::Open { protection, aad, text, .. } => {
                    let key = keys_of(protection);
                    BTreeMap::entry(&mut sealed, (protection, aad, text))
                        .or_insert_with(|| seal(&key, aad, text));
                }
            }
        }
        Self { groups, keys, sealed }
    }

    fn execute(&self, operation: &Operation, scratch: &mut Scratch) {
        let Scratch { octets, text: text_buffer, public } = scratch;
        match *operation {
            Operation::PublicValue(group) => {
                let public = &mut public[..group.public_value_len()];
                RustCrypto.public_value(black_box(&self.groups[&group].0), public);
                black_box(public);
            }
            Operation::SharedSecret(group) => {
                let (private, peer) = black_box(&self.groups[&group]);
                black_box(RustCrypto.shared_secret(private, peer)).expect("an honest value");
            }
            Operation::Prf { algorithm, key, data } => {
                let mut prf = RustCrypto.prf(algorithm, black_box(&octets[..size(key)]));
                prf.update(&octets[..size(data)]);
                black_box(prf.finalize());
            }
            Operation::Seal { protection, aad, text } => {
                let (aad, text) = (&octets[..size(aad)], &mut text_buffer[..size(text)]);
                let icv = &mut public[..protection.icv_len()];
                let iv = iv_of(protection);
                RustCrypto.seal(&self.keys[&protection], Sealing { aad, iv, text, icv });
                black_box(text);
            }
            Operation::Open { protection, aad, text, authentic } => {
                let (sealed, icv) = &self.sealed[&(protection, aad, text)];
                let text = &mut text_buffer[..sealed.len()];
                text.copy_from_slice(sealed);
                // One octet more makes it another message.
                let aad = &octets[..size(aad) + usize::from(!authentic)];
                let parts = Opening { aad, iv: iv_of(protection), text, icv };
                let opened = RustCrypto.open(&self.keys[&protection], parts);
                assert_eq!(opened.is_ok(), authentic, "it opens as it did in the run");
            }
        }
    }
}

/// A text of that length under the key.
fn seal(key: &ProtectionKey, aad: u32, text: u32) -> Sealed {
    let protection = key.protection();
    let (aad, mut text) = (vec![6; size(aad)], vec![7; size(text)]);
    let mut icv = vec![0; protection.icv_len()];
    let parts = Sealing { aad: &aad, iv: iv_of(protection), text: &mut text, icv: &mut icv };
    RustCrypto.seal(key, parts);
    (text, icv)
}
