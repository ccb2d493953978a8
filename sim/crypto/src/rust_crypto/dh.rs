//! Diffie-Hellman in the three groups, with the recipient tests of RFC 6989.

use super::modp;
use crate::{Group, PrivateKey, Secret, SharedSecret};
use p256::elliptic_curve::point::AffineCoordinates;
use p256::elliptic_curve::sec1::{FromSec1Point, ToSec1Point};
use p256::{FieldBytes, NonZeroScalar, PublicKey, Sec1Point};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

pub(crate) fn is_private_key(group: Group, octets: &[u8; 32]) -> bool {
    match group {
        // RFC 7748 5: whatever the octets are, clamping makes a scalar of them.
        Group::Curve25519 => true,
        Group::Ecp256 => ecp_scalar(octets).is_some(),
        // g^0 = 1 is the one value in reach that a recipient must refuse (RFC 6989 2.1).
        Group::Modp2048 => !bool::from(octets.ct_eq(&[0; 32])),
    }
}

pub(super) fn public_value(private: &PrivateKey, public: &mut [u8]) {
    let scalar = scalar_of(private);
    match private.group() {
        Group::Curve25519 => {
            let secret = x25519_dalek::StaticSecret::from(*scalar);
            public.copy_from_slice(x25519_dalek::PublicKey::from(&secret).as_bytes());
        }
        Group::Ecp256 => {
            let scalar = ecp_scalar(&scalar).expect("checked when the key was made");
            let point = PublicKey::from_secret_scalar(&scalar).to_sec1_point(false);
            // RFC 5903 7: x | y without the octet 0x04 that SEC 1 puts before them.
            public.copy_from_slice(&point.as_bytes()[1..]);
        }
        Group::Modp2048 => public.copy_from_slice(&modp::public_value(&scalar)),
    }
}

pub(super) fn shared_secret(private: &PrivateKey, peer: &[u8]) -> Option<SharedSecret> {
    let scalar = scalar_of(private);
    match private.group() {
        Group::Curve25519 => x25519(&scalar, peer.try_into().ok()?),
        Group::Ecp256 => ecp(&scalar, peer.try_into().ok()?),
        Group::Modp2048 => modp::shared_secret(&scalar, peer.try_into().ok()?),
    }
}

fn scalar_of(private: &PrivateKey) -> Zeroizing<[u8; 32]> {
    let mut scalar = Zeroizing::new([0; 32]);
    scalar.copy_from_slice(private.as_slice());
    scalar
}

/// RFC 8031 3.2: the top bit is masked and non-canonical values are taken; both happen in `x25519_dalek`.
fn x25519(scalar: &[u8; 32], peer: &[u8; 32]) -> Option<SharedSecret> {
    let secret = x25519_dalek::StaticSecret::from(*scalar);
    let shared = secret.diffie_hellman(&x25519_dalek::PublicKey::from(*peer));
    // RFC 7748 6.1 permits the refusal of an all-zero secret: the peer sent a point of small order
    // and added nothing. No honest peer can cause it.
    if shared.was_contributory() { Secret::new(shared.as_bytes()) } else { None }
}

fn ecp(scalar: &[u8; 32], peer: &[u8; 64]) -> Option<SharedSecret> {
    let scalar = ecp_scalar(scalar)?;
    // RFC 6989 2.3: the curve's equation is checked here, and each coordinate to be below p.
    let point = Sec1Point::from_untagged_bytes(&(*peer).into());
    let peer = PublicKey::from_sec1_point(&point).into_option()?;
    let scalar: &NonZeroScalar = &scalar;
    let mut product = peer.to_nonidentity().to_curve() * scalar;
    let mut shared = product.to_affine().x();
    let secret = Secret::new(&shared);
    product.zeroize();
    shared.zeroize();
    secret
}

/// The scalar, big endian, if it lies in 1..n-1.
fn ecp_scalar(octets: &[u8; 32]) -> Option<Zeroizing<NonZeroScalar>> {
    let mut repr = FieldBytes::from(*octets);
    let scalar = NonZeroScalar::from_repr(repr).into_option().map(Zeroizing::new);
    repr.zeroize();
    scalar
}
