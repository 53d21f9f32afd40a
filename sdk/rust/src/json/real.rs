//! Numbers with a fraction, as decimal text and back.
//!
//! The standard library's way costs forty kilobytes of a module, tables and all. Here the text is
//! the fewest digits after the point that read back as the same number: exact in whole-number
//! arithmetic from 0.0001 up to 10^18, where twenty digits after the point are enough. Smaller and
//! larger numbers are scaled first and keep their first fifteen digits.

use std::fmt::{Formatter, Result, Write};

/// Most digits after the point that are exact: 10^20 fits into 67 bits.
const PLACES_MAX: u32 = 20;
/// Whole numbers up to here are exact as they are (2^53).
const EXACT_MAX: u64 = 1 << 53;
/// Most digits that 64 bits hold.
const DIGITS_MAX: u32 = 19;

fn power(of_ten: u32) -> u128 {
    (0..of_ten).fold(1, |power, _| power * 10)
}

/// `2^exponent`, -1022 to 1023.
fn two_to(exponent: i32) -> f64 {
    f64::from_bits(u64::from((exponent + 1023).clamp(1, 2046).unsigned_abs()) << 52)
}

/// `number / 10^places`, to the nearest that there is.
fn divided(number: u64, places: u32) -> f64 {
    if number <= EXACT_MAX && places <= 22 {
        return number as f64 / power(places) as f64;
    }
    if places > PLACES_MAX {
        return divided(number, PLACES_MAX) / tens(places - PLACES_MAX);
    }
    // Shifted to the top, so that the quotient has more bits than a number keeps.
    let shift = u128::from(number).leading_zeros() - 1;
    let (mut quotient, mut sticky) = (u128::from(number) << shift, 0);
    for _ in 0..places {
        let (tenth, rest) = by_ten(quotient);
        quotient = tenth;
        sticky |= u128::from(rest != 0);
    }
    (quotient | sticky) as f64 * two_to(-shift.cast_signed())
}

/// A tenth, and what is left: less code than the division of any two numbers.
fn by_ten(number: u128) -> (u128, u64) {
    let (mut tenth, mut rest) = (0, 0);
    for shift in [96, 64, 32, 0] {
        let part = (rest << 32) | u64::from((number >> shift) as u32);
        tenth = (tenth << 32) | u128::from(part / 10);
        rest = part % 10;
    }
    (tenth, rest)
}

/// `10^power`; infinite beyond what there is.
fn tens(power: u32) -> f64 {
    (0..power.min(400)).fold(1.0, |ten, _| ten * 10.0)
}

/// Reads `-12.5e3`. None: this is no number.
pub(super) fn read(text: &str) -> Option<f64> {
    let (digits, exponent) = match text.split_once(['e', 'E']) {
        Some((digits, exponent)) => {
            let exponent = exponent.strip_prefix('+').unwrap_or(exponent);
            (digits, exponent.parse::<i32>().ok()?.clamp(-999, 999))
        }
        None => (text, 0),
    };
    let (negative, digits) = match digits.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, digits),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    if whole.is_empty() || fraction.is_empty() {
        return None;
    }
    let (mut number, mut kept, mut scale) = (0_u64, 0, exponent);
    for (at, byte) in whole.bytes().chain(fraction.bytes()).enumerate() {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        let after_point = at >= whole.len();
        if kept < DIGITS_MAX {
            number = number * 10 + digit;
            kept += u32::from(number > 0);
            scale -= i32::from(after_point);
        } else {
            scale += i32::from(!after_point);
        }
    }
    // Zeros at the end say nothing.
    while scale < 0 && number > 0 && number.is_multiple_of(10) {
        number /= 10;
        scale += 1;
    }
    while scale > 0 && number < u64::MAX / 10 {
        (number, scale) = (number * 10, scale - 1);
    }
    let size = match scale {
        _ if number == 0 => 0.0,
        ..0 => divided(number, scale.unsigned_abs()),
        0.. => number as f64 * tens(scale.unsigned_abs()),
    };
    Some(if negative { -size } else { size })
}

/// The bits of a positive number: it is `bits * 2^exponent`.
fn taken_apart(number: f64) -> (u64, i32) {
    let bits = number.to_bits();
    let exponent = i32::try_from((bits >> 52) & 0x7ff).unwrap_or(0);
    let whole = bits & (EXACT_MAX / 2 - 1);
    (whole + EXACT_MAX / 2, exponent - 1075)
}

/// `number * 10^places` as a whole number, half up; none where 64 bits do not hold it.
fn whole(number: f64, places: u32) -> Option<u64> {
    let (bits, exponent) = taken_apart(number);
    let product = u128::from(bits) * power(places);
    let scaled = match exponent {
        0..64 => product.checked_mul(1 << exponent)?,
        -127..0 => {
            let by = exponent.unsigned_abs();
            (product >> by) + ((product >> (by - 1)) & 1)
        }
        _ => return None,
    };
    u64::try_from(scaled).ok()
}

/// Writes a number that is finite.
pub(super) fn write(f: &mut Formatter<'_>, number: f64) -> Result {
    if number.is_sign_negative() {
        f.write_char('-')?;
    }
    let size = number.abs();
    match size {
        0.0 => f.write_str("0.0"),
        0.000_1..1e18 => plain(f, size),
        _ => {
            let (mut scaled, mut exponent) = (size, 0);
            while scaled >= 10.0 {
                (scaled, exponent) = (scaled / 10.0, exponent + 1);
            }
            while scaled < 1.0 {
                (scaled, exponent) = (scaled * 10.0, exponent - 1);
            }
            let (mut number, mut places) = (whole(scaled, 14).unwrap_or(0), 14);
            while places > 0 && number.is_multiple_of(10) {
                (number, places) = (number / 10, places - 1);
            }
            decimal(f, number, places)?;
            write!(f, "e{exponent}")
        }
    }
}

fn plain(f: &mut Formatter<'_>, size: f64) -> Result {
    let mut best = (0, 0);
    for places in 0..=PLACES_MAX {
        let Some(number) = whole(size, places) else {
            break;
        };
        best = (number, places);
        if divided(number, places).to_bits() == size.to_bits() {
            break;
        }
    }
    decimal(f, best.0, best.1)
}

/// `number / 10^places`.
fn decimal(f: &mut Formatter<'_>, number: u64, places: u32) -> Result {
    if places == 0 {
        return write!(f, "{number}.0");
    }
    let digits = number.to_string();
    let places = places as usize;
    let zeros = (places + 1).saturating_sub(digits.len());
    for at in 0..zeros + digits.len() {
        if at + places == zeros + digits.len() {
            f.write_char('.')?;
        }
        let digit = at
            .checked_sub(zeros)
            .and_then(|at| digits.as_bytes().get(at));
        f.write_char(char::from(*digit.unwrap_or(&b'0')))?;
    }
    Ok(())
}
