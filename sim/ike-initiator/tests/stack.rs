//! Keys are made where they stay: whatever moves a key leaves a copy on the stack that nobody wipes. Linux lets a process read
//! its own memory, so the test looks.

use crate::support::{Pair, config};
use ike_core::Suite;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use rstest::rstest;
use std::fs::File;
use std::hint::black_box;
use std::io::{Read, Seek, SeekFrom};
use std::thread;

/// More than test threads have: a stack that is given again, with all that is on it, is smaller.
const STACK: usize = 3 << 20;
/// How far below its first frame the stack is looked at.
const DEPTH: usize = 1 << 19;
/// How far below that the step has its frames, so that looking writes over none of them.
const ROOM: usize = 1 << 16;

/// Runs a step on a stack of its own, and gives what is there afterwards.
fn left_by(mut step: impl FnMut() + Send) -> Vec<u8> {
    let look = move || {
        let first = 0_u8;
        let top = (&raw const first).addr();
        far_down(&mut step);
        let mut memory = File::open("/proc/self/mem").expect("Linux");
        let from = u64::try_from(top - DEPTH).expect("an address");
        memory.seek(SeekFrom::Start(from)).expect("an address");
        let mut octets = vec![0; DEPTH];
        memory.read_exact(&mut octets).expect("a stack");
        octets
    };
    thread::scope(|scope| {
        let builder = thread::Builder::new().stack_size(STACK);
        builder.spawn_scoped(scope, look).expect("a thread").join().expect("the step returns")
    })
}

/// The step is called through a pointer, or its frame would be merged with this one.
#[inline(never)]
fn far_down(step: &mut dyn FnMut()) {
    let room = [0_u8; ROOM];
    black_box(&room);
    step();
    black_box(&room);
}

fn is_in(octets: &[u8], key: &[u8]) -> bool {
    assert!(key.len() >= 16, "too short to be alone");
    octets.windows(key.len()).any(|window| window == key)
}

/// The test of the test.
#[test]
fn what_is_left_on_the_stack_is_seen() {
    let key: Vec<u8> = (0x5a..0x7a).collect();
    let left = left_by(|| {
        let copy: [u8; 32] = key.as_slice().try_into().expect("32 octets");
        black_box(&copy);
    });
    assert!(is_in(&left, &key));
    assert!(!is_in(&left_by(|| ()), &key));
}

/// The keys are looked for as a whole, with their salt, and only those that stand in two blocks of prf+: what a PRF or a
/// cipher leaves of its own output or key is its backend's.
#[rstest]
fn no_step_leaves_a_copy_of_a_key(
    #[values(
        Suite::AesGcmX25519,
        Suite::AesGcmP256,
        Suite::AesCcm8P256,
        Suite::ChaCha20X25519,
        Suite::Aes256GcmX25519
    )]
    suite: Suite,
) {
    let mut pair = Pair::with_suite(suite, config().suite(suite));
    // Keys that no other test has.
    pair.rng = ChaCha20Rng::from_seed([0x5c; 32]);
    let (now, path) = (pair.now, pair.path);
    let request = pair.connect();
    let mut response = pair.gateway.init(&request);
    let (device, rng) = (&mut pair.device, &mut pair.rng);
    let left = left_by(|| device.handle_datagram(now, path, &mut response, rng));
    let (_, _, keys) = pair.device.ike_keys().expect("derived");
    let key = keys.responder.encryption().to_vec();
    assert!(!is_in(&left, &key), "SK_er after IKE_SA_INIT");

    let request = pair.sent();
    let mut response = pair.gateway.auth(&request);
    let (device, rng) = (&mut pair.device, &mut pair.rng);
    let left = left_by(|| device.handle_datagram(now, path, &mut response, rng));
    let child = pair.device.take_child_keys().expect("established");
    assert!(!is_in(&left, child.inbound.encryption()), "the Child SA's after IKE_AUTH");
    assert!(!is_in(&left, &key), "SK_er after IKE_AUTH");
}
