//! The 2048-bit MODP group (RFC 3526 3): generator 2, exponents of 256 bits (RFC 3526 8).

use crate::{Secret, SharedSecret};
use crypto_bigint::modular::{FixedMontyForm, FixedMontyParams};
use crypto_bigint::{Odd, U256, U2048};
use zeroize::Zeroize;

const LIMBS: usize = U2048::LIMBS;
const OCTETS: usize = 256;

/// 2^2048 - 2^1984 - 1 + 2^64 * ([2^1918 pi] + 124476); a test computes it.
const PRIME_HEX: &str = concat!(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74",
    "020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F1437",
    "4FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED",
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF05",
    "98DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB",
    "9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B",
    "E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF695581718",
    "3995497CEA956AE515D2261898FA051015728E5A8AACAA68FFFFFFFFFFFFFFFF",
);

const PRIME: Odd<U2048> = Odd::<U2048>::from_be_hex(PRIME_HEX);
const PARAMS: FixedMontyParams<LIMBS> = FixedMontyParams::new_vartime(PRIME);
const GENERATOR: U2048 = U2048::from_u8(2);

/// The prime of the 2048-bit MODP group, most significant octet first: what tests of its bounds need (RFC 6989 2.1).
#[must_use]
pub fn modp_2048_prime() -> [u8; OCTETS] {
    PRIME.get().to_be_bytes().into()
}

/// g^x in all 256 octets.
pub(super) fn public_value(exponent: &[u8; 32]) -> [u8; OCTETS] {
    power(&GENERATOR, exponent).to_be_bytes().into()
}

/// y^x in all 256 octets (RFC 7296 2.14), or `None` where y fails RFC 6989 2.1: 1 < y < p-1.
pub(super) fn shared_secret(exponent: &[u8; 32], peer: &[u8; OCTETS]) -> Option<SharedSecret> {
    let peer = U2048::from_be_slice(peer);
    // The peer's value is public, and so is the verdict: no need for constant time.
    if peer <= U2048::ONE || peer >= PRIME.get().wrapping_sub(&U2048::ONE) {
        return None;
    }
    let mut power = power(&peer, exponent);
    let mut octets: [u8; OCTETS] = power.to_be_bytes().into();
    let secret = Secret::new(&octets);
    power.zeroize();
    octets.zeroize();
    secret
}

/// In a time that depends on neither argument.
fn power(base: &U2048, exponent: &[u8; 32]) -> U2048 {
    let mut exponent = U256::from_be_slice(exponent);
    let mut power = FixedMontyForm::new(base, &PARAMS).pow(&exponent);
    exponent.zeroize();
    let result = power.retrieve();
    power.zeroize();
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crypto_bigint::NonZero;

    /// 2^bits * atan(1 / x), a little too small or too large.
    fn arctan_of_inverse(x: u32, bits: u32) -> U2048 {
        let divide = |n: &U2048, by: u32| {
            n.wrapping_div(&NonZero::new(U2048::from_u32(by)).expect("a divisor"))
        };
        let mut power = divide(&U2048::ONE.wrapping_shl(bits), x);
        let mut sum = power;
        let mut n = 1;
        while power != U2048::ZERO {
            power = divide(&power, x * x);
            n += 2;
            let term = divide(&power, n);
            sum = if n % 4 == 3 { sum.wrapping_sub(&term) } else { sum.wrapping_add(&term) };
        }
        sum
    }

    /// RFC 3526 3 gives the formula; pi comes from Machin's: 16 atan(1/5) - 4 atan(1/239).
    #[test]
    fn the_prime_is_the_one_of_the_formula() {
        const BITS: u32 = 2_040;
        let a = arctan_of_inverse(5, BITS).wrapping_shl(4);
        let b = arctan_of_inverse(239, BITS).wrapping_shl(2);
        let pi = a.wrapping_sub(&b).wrapping_shr(BITS - 1_918);
        let middle = pi.wrapping_add(&U2048::from_u32(124_476)).wrapping_shl(64);
        let power = |n: u32| U2048::ONE.wrapping_shl(n);
        // 2^2048 - 1 is all ones.
        assert_eq!(PRIME.get(), U2048::MAX.wrapping_sub(&power(1_984)).wrapping_add(&middle));
    }

    #[test]
    fn the_prime_passes_fermats_test_and_so_does_its_half() {
        let half = Odd::new(PRIME.get().wrapping_shr(1)).expect("odd");
        for prime in [PRIME, half] {
            let params = FixedMontyParams::new_vartime(prime);
            let exponent = prime.get().wrapping_sub(&U2048::ONE);
            let power = FixedMontyForm::new(&U2048::from_u8(3), &params).pow(&exponent);
            assert_eq!(power.retrieve(), U2048::ONE);
        }
    }

    #[test]
    fn only_values_strictly_between_1_and_the_prime_less_1_are_taken() {
        let taken = |peer: U2048| shared_secret(&[9; 32], &peer.to_be_bytes().into()).is_some();
        let below = |n: u8| PRIME.get().wrapping_sub(&U2048::from_u8(n));
        assert!(taken(U2048::from_u8(2)) && taken(below(2)));
        for refused in [U2048::ZERO, U2048::ONE, below(1), below(0), U2048::MAX] {
            assert!(!taken(refused), "{refused}");
        }
    }
}
