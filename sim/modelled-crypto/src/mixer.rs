//! Octets in, octets out: fast, and the same on every machine.

/// What octets are mixed for: the same octets give others for another purpose.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    Prf,
    Scalar,
    PublicValue,
    DamagedValue,
    SharedSecret,
    KeyStream,
    Icv,
}

/// Odd constants: multiplying by one loses nothing.
const FIRST: u64 = 0x9e37_79b9_7f4a_7c15;
const SECOND: u64 = 0xd6e8_feb8_6659_fd93;

/// Octets of a word.
const WORD: usize = 8;

/// 128 bits of state over octets that come in any portions.
///
/// Words go to either half in turn, each step a bijection of that half, so that two steps are computed at a time. A change
/// within one word always shows in the end; a change of several words hides with a probability of 2^-64 or less.
#[derive(Clone, Debug)]
pub(crate) struct Mixer {
    /// The half that the next word goes to.
    a: u64,
    b: u64,
    /// Octets that are no whole word yet, the first one lowest, and how many bits they have.
    partial: u64,
    filled: u32,
    /// Octets of the field so far.
    len: u64,
}

impl Mixer {
    pub(crate) fn new(purpose: Purpose) -> Self {
        let a = spread(FIRST ^ purpose as u64);
        Self { a, b: spread(a ^ SECOND), partial: 0, filled: 0, len: 0 }
    }

    /// Takes the next octets of a field.
    pub(crate) fn update(&mut self, data: &[u8]) {
        self.len += data.len() as u64;
        let (words, last) = data.as_chunks::<WORD>();
        // Most fields come in whole words: then nothing is to be shifted.
        if self.filled == 0 {
            for word in words {
                self.absorb(u64::from_le_bytes(*word));
            }
        } else {
            for word in words {
                self.push(u64::from_le_bytes(*word), u64::BITS);
            }
        }
        let (last, bits) = word_of(last);
        self.push(last, bits);
    }

    /// Takes a whole field: where it ends counts, too.
    pub(crate) fn field(&mut self, data: &[u8]) {
        self.update(data);
        self.end_field();
    }

    /// What all octets so far come to.
    pub(crate) fn finish(mut self) -> Words {
        self.end_field();
        // Either half reaches both: two bijections of the state, one after the other.
        let a = spread(self.a ^ self.b.rotate_left(32));
        Words { a, b: spread(self.b ^ a) }
    }

    fn end_field(&mut self) {
        self.absorb(self.partial);
        self.absorb(self.len);
        (self.partial, self.filled, self.len) = (0, 0, 0);
    }

    /// Takes the lowest `bits` of `word`, whole octets; the others are zero. What is in `partial` is less than a word.
    fn push(&mut self, word: u64, bits: u32) {
        let partial = self.partial | word << self.filled;
        let filled = self.filled + bits;
        if filled < u64::BITS {
            (self.partial, self.filled) = (partial, filled);
            return;
        }
        self.absorb(partial);
        self.partial = word.checked_shr(u64::BITS - self.filled).unwrap_or(0);
        self.filled = filled - u64::BITS;
    }

    fn absorb(&mut self, word: u64) {
        let mixed = (self.a ^ word).wrapping_mul(FIRST);
        (self.a, self.b) = (self.b, mixed ^ (mixed >> 32));
    }
}

/// Less than a word's octets, the first one lowest, and how many bits they have.
fn word_of(octets: &[u8]) -> (u64, u32) {
    let octet =
        |index: usize| octets.get(index).map_or(0, |octet| u64::from(*octet) << (8 * index));
    match (octets.first_chunk::<4>(), octets.last_chunk::<4>()) {
        (Some(first), Some(last)) => {
            let bits = u8::BITS * u32::from(octets.len() as u8);
            let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
            (u64::from(first) | u64::from(last) << (bits - u32::BITS), bits)
        }
        _ => (octet(0) | octet(1) | octet(2), u8::BITS * u32::from(octets.len() as u8)),
    }
}

/// As many octets as anybody wants.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words {
    a: u64,
    b: u64,
}

impl Words {
    pub(crate) fn word(self, index: u64) -> u64 {
        let salt = index.wrapping_add(1).wrapping_mul(FIRST);
        spread(self.a.wrapping_add(salt)) ^ self.b
    }

    pub(crate) fn wide(self) -> u128 {
        u128::from(self.word(0)) << 64 | u128::from(self.word(1))
    }

    pub(crate) fn fill(self, octets: &mut [u8]) {
        octets.fill(0);
        self.hide(octets);
    }

    /// Adds the octets to `text`: twice gives back what was there.
    pub(crate) fn hide(self, text: &mut [u8]) {
        let (words, last) = text.as_chunks_mut::<WORD>();
        let index = words.len() as u64;
        for (index, word) in (0..).zip(words) {
            *word = (u64::from_le_bytes(*word) ^ self.word(index)).to_le_bytes();
        }
        for (octet, key) in last.iter_mut().zip(self.word(index).to_le_bytes()) {
            *octet ^= key;
        }
    }
}

/// A bijection in which each bit of the argument reaches every bit of the value.
const fn spread(mut value: u64) -> u64 {
    value = (value ^ (value >> 32)).wrapping_mul(SECOND);
    value = (value ^ (value >> 32)).wrapping_mul(SECOND);
    value ^ (value >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(portions: &[&[u8]]) -> u128 {
        let mut mixer = Mixer::new(Purpose::Prf);
        portions.iter().for_each(|portion| mixer.update(portion));
        mixer.finish().wide()
    }

    #[test]
    fn portions_do_not_matter_and_ends_of_fields_do() {
        let whole: [u8; 40] = core::array::from_fn(|n| u8::try_from(n).expect("small"));
        for one in 0..whole.len() {
            for two in one..whole.len() {
                let portions = [&whole[..one], &whole[one..two], &whole[two..]];
                assert_eq!(of(&portions), of(&[&whole]), "{one} {two}");
            }
        }
        let fields = |fields: &[&[u8]]| {
            let mut mixer = Mixer::new(Purpose::Icv);
            fields.iter().for_each(|field| mixer.field(field));
            mixer.finish().wide()
        };
        assert_ne!(fields(&[b"ab", b"c"]), fields(&[b"a", b"bc"]));
        assert_ne!(fields(&[b"ab"]), fields(&[b"ab\0"]));
        assert_ne!(fields(&[b"ab"]), fields(&[b"ab", b""]));
    }

    #[test]
    fn each_bit_changes_about_half_of_the_output() {
        let mut octets = [0x5a; 24];
        let before = of(&[&octets]);
        for bit in 0..octets.len() * 8 {
            octets[bit / 8] ^= 1 << (bit % 8);
            let changed = (before ^ of(&[&octets])).count_ones();
            // 128 fair bits: 64 with a standard deviation of 5.7.
            assert!((30..=98).contains(&changed), "bit {bit} changes {changed}");
            octets[bit / 8] ^= 1 << (bit % 8);
        }
    }

    #[test]
    fn what_was_hidden_twice_is_as_before() {
        let words = Mixer::new(Purpose::KeyStream).finish();
        let mut text = *b"thirteen octs";
        words.hide(&mut text);
        assert_ne!(&text, b"thirteen octs");
        words.hide(&mut text);
        assert_eq!(&text, b"thirteen octs");
    }
}
