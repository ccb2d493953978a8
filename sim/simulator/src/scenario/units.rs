//! Durations, rates and factors as text with units, read into integers without a rounding.

use core::fmt;
use core::time::Duration;
use ike_core::Factor;

/// A share, in parts per million.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate(u32);

impl Rate {
    /// None at all.
    pub const ZERO: Self = Self(0);
    /// All.
    pub const ONE: Self = Self(MILLION);

    /// A share of so many parts per million; `None` where that is more than all.
    #[must_use]
    pub const fn from_ppm(ppm: u32) -> Option<Self> {
        if ppm > MILLION { None } else { Some(Self(ppm)) }
    }

    /// Parts per million, at most 1,000,000.
    #[must_use]
    pub const fn ppm(self) -> u32 {
        self.0
    }
}

/// As in a file: `12.5%`.
impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / PPM_PER_PERCENT, self.0 % PPM_PER_PERCENT);
        if rest == 0 {
            return write!(f, "{whole}%");
        }
        let digits = format!("{rest:04}");
        write!(f, "{whole}.{}%", digits.trim_end_matches('0'))
    }
}

const MILLION: u32 = 1_000_000;
const PPM_PER_PERCENT: u32 = 10_000;
const DAY_US: u128 = 86_400_000_000;
/// A century or so: sums of a few of them still fit everywhere.
const MAX_DAYS: u128 = 36_500;

/// The units of durations in microseconds, the longest first.
const UNITS: [(&str, u128); 6] = [
    ("d", DAY_US),
    ("h", 3_600_000_000),
    ("min", 60_000_000),
    ("s", 1_000_000),
    ("ms", 1_000),
    ("us", 1),
];

/// What a duration looks like.
pub(super) const DURATION: &str =
    r#"a duration such as "250ms", "1.5s" or "1h30min" (units d, h, min, s, ms, us)"#;
/// What a rate looks like.
pub(super) const RATE: &str = r#"a percentage from "0%" to "100%""#;
/// What a factor looks like.
pub(super) const FACTOR: &str = r#"a factor such as "2", "1.8" or "9/5""#;

/// What a voltage looks like.
pub(super) const VOLTAGE: &str = r#"a voltage up to "100V" such as "3V" or "3300mV""#;
/// What a current looks like.
pub(super) const CURRENT: &str = r#"a current up to "10A" such as "6.4mA" or "1.5uA""#;

/// A decimal fraction: `digits / 10^places`.
struct Decimal {
    digits: u128,
    places: u32,
}

impl Decimal {
    /// Plain digits with at most one point inside; `None` for anything else, and for more digits than
    /// anybody needs.
    fn parse(text: &str) -> Option<Self> {
        let (whole, fraction) = match text.split_once('.') {
            None => (text, ""),
            Some((_, "")) => return None,
            Some(parts) => parts,
        };
        let digits = [whole, fraction].concat();
        let plain = digits.bytes().all(|digit| digit.is_ascii_digit());
        if whole.is_empty() || !plain || digits.len() > 20 {
            return None;
        }
        Some(Self { digits: digits.parse().ok()?, places: u32::try_from(fraction.len()).ok()? })
    }

    /// So many times `unit`; `None` where that is not whole.
    fn times(&self, unit: u128) -> Option<u128> {
        let product = self.digits.checked_mul(unit)?;
        let scale = 10_u128.checked_pow(self.places)?;
        product.is_multiple_of(scale).then_some(product / scale)
    }
}

/// Reads a duration as in a scenario, for example `1h30min` or `1.5s`: numbers with units, the longer unit
/// first, each at most once.
///
/// # Errors
/// What is wrong, and what was expected.
pub fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!(r#""{text}" is not a duration: expected {DURATION}"#);
    let (mut us, mut rest, mut units) = (0_u128, text, UNITS.as_slice());
    while !rest.is_empty() || us == 0 && units.len() == UNITS.len() {
        let letters = rest.find(|c: char| c.is_ascii_alphabetic()).ok_or_else(wrong)?;
        let (number, tail) = rest.split_at(letters);
        let end = tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len());
        let (name, tail) = tail.split_at(end);
        let place = units.iter().position(|(unit, _)| *unit == name).ok_or_else(wrong)?;
        let number = Decimal::parse(number).ok_or_else(wrong)?;
        us += number
            .times(units[place].1)
            .ok_or_else(|| format!(r#""{text}" is not a whole number of microseconds"#))?;
        (rest, units) = (tail, &units[place + 1..]);
    }
    if us > MAX_DAYS * DAY_US {
        return Err(format!(r#""{text}" is too long: expected at most "{MAX_DAYS}d""#));
    }
    u64::try_from(us).map(Duration::from_micros).map_err(|_| wrong())
}

/// Reads a percentage of 0 to 100.
pub(super) fn rate(text: &str) -> Result<Rate, String> {
    let wrong = || format!(r#""{text}" is not a rate: expected {RATE}"#);
    let percent = text.strip_suffix('%').and_then(Decimal::parse).ok_or_else(wrong)?;
    let ppm = percent.times(u128::from(PPM_PER_PERCENT)).ok_or_else(|| {
        format!(r#""{text}" is finer than a part per million, which is "0.0001%""#)
    })?;
    u32::try_from(ppm).ok().and_then(Rate::from_ppm).ok_or_else(wrong)
}

/// Reads a percentage of 0 to 100 without a fraction.
pub(super) fn whole_percent(text: &str) -> Result<u8, String> {
    let ppm = rate(text)?.ppm();
    if !ppm.is_multiple_of(PPM_PER_PERCENT) {
        return Err(format!(r#""{text}" has a fraction: expected a whole percentage"#));
    }
    u8::try_from(ppm / PPM_PER_PERCENT).map_err(|error| error.to_string())
}

/// Reads a positive fraction or decimal, into lowest terms.
pub(super) fn factor(text: &str) -> Result<Factor, String> {
    let wrong = || format!(r#""{text}" is not a factor: expected {FACTOR}"#);
    let whole = |digits: &str| Decimal::parse(digits).filter(|decimal| decimal.places == 0);
    let (numerator, denominator) = match text.split_once('/') {
        Some((up, down)) => {
            (whole(up).ok_or_else(wrong)?.digits, whole(down).ok_or_else(wrong)?.digits)
        }
        None => {
            let decimal = Decimal::parse(text).ok_or_else(wrong)?;
            (decimal.digits, 10_u128.checked_pow(decimal.places).ok_or_else(wrong)?)
        }
    };
    if numerator == 0 || denominator == 0 {
        return Err(format!(r#""{text}" is not more than zero: expected {FACTOR}"#));
    }
    let divisor = greatest_common_divisor(numerator, denominator);
    let part = |value: u128| u32::try_from(value / divisor).map_err(|_| wrong());
    Factor::new(part(numerator)?, part(denominator)?).ok_or_else(wrong)
}

/// Reads a voltage that is not zero.
pub(super) fn millivolts(text: &str) -> Result<u64, String> {
    let mv = quantity(text, &[("mV", 1), ("V", 1_000)], 100_000)
        .ok_or_else(|| format!(r#""{text}" is not a voltage: expected {VOLTAGE}"#))?;
    if mv == 0 {
        return Err(format!(r#""{text}" is not more than zero: expected {VOLTAGE}"#));
    }
    Ok(mv)
}

/// Reads a current.
pub(super) fn nanoamperes(text: &str) -> Result<u64, String> {
    let scale = [("nA", 1), ("uA", 1_000), ("mA", 1_000_000), ("A", 1_000_000_000)];
    quantity(text, &scale, 10_000_000_000)
        .ok_or_else(|| format!(r#""{text}" is not a current: expected {CURRENT}"#))
}

/// A number with one of these units, the longer names first; `None` where it is not whole in the smallest, or too much.
fn quantity(text: &str, scale: &[(&str, u128)], most: u64) -> Option<u64> {
    let (digits, unit) =
        scale.iter().find_map(|(name, unit)| Some((text.strip_suffix(name)?, *unit)))?;
    let value = u64::try_from(Decimal::parse(digits)?.times(unit)?).ok()?;
    (value <= most).then_some(value)
}

const fn greatest_common_divisor(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}
