//! A program without std and without an allocator that calls the crates of the device.
//!
//! It is a gate: as soon as one of these crates, or a library below it, uses `std` or `alloc`, it
//! no longer builds ("found duplicate lang item `panic_impl`", "no global memory allocator found").
//! It also runs, so that nothing is optimised away: status 0 if each check holds, else its number.
//!
//! `#![forbid(unsafe_code)]` cannot hold here, and here only: without the runtime of std, `main` is
//! an unmangled symbol and `abort` a foreign function, and either takes an `unsafe` to declare.
#![no_std]
#![no_main]
#![deny(unsafe_op_in_unsafe_fn)]

mod handshake;

use core::convert::Infallible;
use core::ffi::c_int;
use core::hint::black_box;
use core::panic::PanicInfo;
use crypto::{
    Crypto, Encryption, Group, Integrity, Prf, PrfAlgorithm, PrivateKey, Protection, ProtectionKey,
    RustCrypto,
};
use esp::{Inbound, Opened, Outbound, ReplayWindow};
use rand_core::{TryCryptoRng, TryRng};

/// The checks, a crate or two each. Status n + 1 means that number n failed.
const CHECKS: [fn() -> bool; 5] =
    [prf, diffie_hellman, esp_round_trip, handshake::sa_comes_and_goes, handshake::nobody_answers];

// The C library gives the start code, `memcpy` and `abort`. No allocator of Rust's comes with it.
#[link(name = "c")]
unsafe extern "C" {
    safe fn abort() -> !;
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    abort()
}

/// The entry point that the C start code calls.
#[unsafe(no_mangle)]
pub extern "C" fn main() -> c_int {
    let failed = CHECKS.iter().position(|check| !black_box(check)());
    failed.map_or(0, |number| number as c_int + 1)
}

fn prf() -> bool {
    let mut prf = RustCrypto.prf(PrfAlgorithm::HmacSha256, black_box(b"Jefe"));
    prf.update(black_box(b"what do ya want for nothing?"));
    // RFC 4231 4.3.
    prf.finalize().as_slice().starts_with(&[0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e])
}

fn diffie_hellman() -> bool {
    [Group::Modp2048, Group::Ecp256, Group::Curve25519].into_iter().all(|group| {
        let (a, b) = (
            PrivateKey::generate(group, &mut CountingRng(1)),
            PrivateKey::generate(group, &mut CountingRng(77)),
        );
        let (mut public_a, mut public_b) =
            ([0; crypto::MAX_PUBLIC_VALUE], [0; crypto::MAX_PUBLIC_VALUE]);
        let (public_a, public_b) =
            (&mut public_a[..group.public_value_len()], &mut public_b[..group.public_value_len()]);
        RustCrypto.public_value(&a, public_a);
        RustCrypto.public_value(&b, public_b);
        let shared = RustCrypto.shared_secret(&a, black_box(public_b));
        shared.is_ok() && shared == RustCrypto.shared_secret(&b, black_box(public_a))
    })
}

fn esp_round_trip() -> bool {
    let protections = [
        Protection::new(Encryption::AesCbc128, Some(Integrity::HmacSha256_128)),
        Protection::new(Encryption::AesGcm16_128, None),
        Protection::new(Encryption::AesGcm16_256, None),
        Protection::new(Encryption::AesCcm8_128, None),
        Protection::new(Encryption::ChaCha20Poly1305, None),
    ];
    protections.into_iter().all(|protection| protection.is_some_and(round_trip))
}

fn round_trip(protection: Protection) -> bool {
    let key = || {
        let octets = black_box([0x5a; 36]);
        let integrity = &octets[..protection.integrity_key_len()];
        ProtectionKey::new(protection, &octets[..protection.encryption().key_len()], integrity)
    };
    let (Some(sealing), Some(opening)) = (key(), key()) else { return false };
    // The header of an IPv4 packet, and nothing in it.
    let mut packet = [0; 20];
    packet[0] = 0x45;
    packet[3] = 20;

    let mut out = [0; 100];
    let mut outbound = Outbound::new(0x0102_0304, sealing);
    let mut inbound = Inbound::new(0x0102_0304, opening, ReplayWindow::default());
    let sealed = outbound.seal(&RustCrypto, &packet, &mut CountingRng(3), &mut out);
    sealed.is_ok_and(|len| {
        let opened = inbound.open(&RustCrypto, black_box(&mut out[..len]));
        matches!(opened, Ok(Opened::Packet { inner, sequence: 1, .. }) if inner == packet)
    })
}

/// Anything but random: the device brings its own source.
struct CountingRng(u8);

impl TryRng for CountingRng {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        rand_core::utils::next_word_via_fill(self)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        rand_core::utils::next_word_via_fill(self)
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        for octet in out {
            *octet = self.0;
            self.0 = self.0.wrapping_add(1);
        }
        Ok(())
    }
}

impl TryCryptoRng for CountingRng {}
