//! Diffie-Hellman in a group that is none: odd numbers of 128 bits, multiplied.
//!
//! A public value is the element g x with octets behind it that follow from it, up to the length of the
//! real one. So a damaged value can be told from an honest one, and is treated as the group would treat it.

use crate::mixer::{Mixer, Purpose};
use crypto::{Group, MAX_PUBLIC_VALUE, PrivateKey, Secret, SharedSecret};

/// g: odd, so that no two elements have one multiple.
const GENERATOR: u128 = 0xda94_2042_e4dd_58b5_9e37_79b9_7f4a_7c15;

/// Octets of an element.
const ELEMENT: usize = 16;

pub(crate) fn public_value(private: &PrivateKey, public: &mut [u8]) {
    let element = GENERATOR.wrapping_mul(scalar(private));
    expand(private.group(), element, public);
}

/// `None` where the group would refuse the peer's value.
pub(crate) fn shared_secret(private: &PrivateKey, peer: &[u8]) -> Option<SharedSecret> {
    let group = private.group();
    let element = element_of(group, peer)?;
    let product = element.wrapping_mul(scalar(private));
    let mut octets = [0; MAX_PUBLIC_VALUE];
    let octets = &mut octets[..group.shared_secret_len()];
    let mut mixer = Mixer::new(Purpose::SharedSecret);
    mixer.update(&product.to_le_bytes());
    mixer.update(&group.transform_id().to_le_bytes());
    mixer.finish().fill(octets);
    Secret::new(octets)
}

fn scalar(private: &PrivateKey) -> u128 {
    let mut mixer = Mixer::new(Purpose::Scalar);
    mixer.update(private.as_slice());
    mixer.finish().wide() | 1
}

/// The public value with this element, in all its octets.
fn expand(group: Group, element: u128, public: &mut [u8]) {
    let (first, rest) = public.split_at_mut(ELEMENT);
    first.copy_from_slice(&element.to_le_bytes());
    let mut mixer = Mixer::new(Purpose::PublicValue);
    mixer.update(first);
    mixer.update(&group.transform_id().to_le_bytes());
    mixer.finish().fill(rest);
    mask(group, public);
}

/// RFC 7748 5: the top bit of a Curve25519 value does not count.
fn mask(group: Group, public: &mut [u8]) {
    if let (Group::Curve25519, [.., last]) = (group, public) {
        *last &= 0x7f;
    }
}

fn element_of(group: Group, peer: &[u8]) -> Option<u128> {
    let (mut value, mut honest) = ([0; MAX_PUBLIC_VALUE], [0; MAX_PUBLIC_VALUE]);
    let len = group.public_value_len();
    let (value, honest) = (&mut value[..len], &mut honest[..len]);
    // RFC 6989 2: a value of another length, and 0, is refused in every group.
    if peer.len() != len || peer.iter().all(|octet| *octet == 0) {
        return None;
    }
    value.copy_from_slice(peer);
    mask(group, value);
    let element = u128::from_le_bytes(*value.first_chunk::<ELEMENT>()?);
    expand(group, element, honest);
    if value == honest {
        return Some(element);
    }
    match group {
        // RFC 6989 2.3: a damaged point is not on the curve.
        Group::Ecp256 => None,
        Group::Modp2048 | Group::Curve25519 => {
            let mut mixer = Mixer::new(Purpose::DamagedValue);
            mixer.update(value);
            Some(mixer.finish().wide() | 1)
        }
    }
}
