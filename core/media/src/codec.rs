//! ITU-T G.711: mu-law and A-law to linear and back, and each to the other, by tables.
//!
//! All tables are computed at compile time from the segment definitions of G.711 section 2.

use crate::command::Codec;

/// Silence as each codec writes it.
pub const fn silence(codec: Codec) -> u8 {
    match codec {
        Codec::Pcmu => 0xff,
        Codec::Pcma => 0xd5,
    }
}

/// One octet to a linear 16-bit sample.
#[inline]
pub fn decode(codec: Codec, octet: u8) -> i16 {
    match codec {
        Codec::Pcmu => MU_TO_LINEAR[usize::from(octet)],
        Codec::Pcma => A_TO_LINEAR[usize::from(octet)],
    }
}

/// One linear 16-bit sample to an octet.
#[inline]
pub fn encode(codec: Codec, sample: i16) -> u8 {
    match codec {
        Codec::Pcmu => linear_to_mu(sample),
        Codec::Pcma => linear_to_a(sample),
    }
}

/// Converts octets in place; equal codecs change nothing.
pub fn transcode(from: Codec, to: Codec, octets: &mut [u8]) {
    let table = match (from, to) {
        (Codec::Pcmu, Codec::Pcma) => &MU_TO_A,
        (Codec::Pcma, Codec::Pcmu) => &A_TO_MU,
        _ => return,
    };
    for octet in octets {
        *octet = table[usize::from(*octet)];
    }
}

const MU_BIAS: i32 = 0x84;
const MU_CLIP: i32 = 32_635;

const fn linear_to_mu(sample: i16) -> u8 {
    let wide = sample as i32;
    let sign = if wide < 0 { 0x80 } else { 0 };
    let mut size = if wide < 0 { -wide } else { wide };
    if size > MU_CLIP {
        size = MU_CLIP;
    }
    size += MU_BIAS;
    // The bias makes bit 7 the lowest possible leading one.
    let segment = 24 - (size as u32).leading_zeros();
    let mantissa = (size >> (segment + 3)) & 0x0f;
    !(sign | ((segment as u8) << 4) | mantissa as u8)
}

const fn mu_to_linear(octet: u8) -> i16 {
    let octet = !octet;
    let segment = (octet >> 4) & 7;
    let size = ((((octet & 0x0f) as i32) << 3) + MU_BIAS) << segment;
    let size = size - MU_BIAS;
    (if octet & 0x80 == 0 { size } else { -size }) as i16
}

const fn linear_to_a(sample: i16) -> u8 {
    let wide = sample as i32;
    let (mask, size) = if wide >= 0 {
        (0xd5, wide >> 3)
    } else {
        (0x55, (-wide - 1) >> 3)
    };
    let size = if size > 4095 { 4095 } else { size };
    let code = if size < 32 {
        size >> 1
    } else {
        let segment = 27 - (size as u32).leading_zeros();
        ((segment as i32) << 4) | ((size >> segment) & 0x0f)
    };
    code as u8 ^ mask
}

const fn a_to_linear(octet: u8) -> i16 {
    let octet = octet ^ 0x55;
    let segment = (octet >> 4) & 7;
    let mantissa = ((octet & 0x0f) as i32) << 4;
    let size = if segment == 0 {
        mantissa + 8
    } else {
        (mantissa + 0x108) << (segment - 1)
    };
    (if octet & 0x80 != 0 { size } else { -size }) as i16
}

const fn linear_table(mu: bool) -> [i16; 256] {
    let mut table = [0; 256];
    let mut i = 0;
    while i < 256 {
        table[i] = if mu {
            mu_to_linear(i as u8)
        } else {
            a_to_linear(i as u8)
        };
        i += 1;
    }
    table
}

const fn cross_table(from_mu: bool) -> [u8; 256] {
    let mut table = [0; 256];
    let mut i = 0;
    while i < 256 {
        table[i] = if from_mu {
            linear_to_a(mu_to_linear(i as u8))
        } else {
            linear_to_mu(a_to_linear(i as u8))
        };
        i += 1;
    }
    table
}

static MU_TO_LINEAR: [i16; 256] = linear_table(true);
static A_TO_LINEAR: [i16; 256] = linear_table(false);
static MU_TO_A: [u8; 256] = cross_table(true);
static A_TO_MU: [u8; 256] = cross_table(false);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_octet_survives_linear_and_back() {
        for octet in 0..=255u8 {
            for codec in [Codec::Pcmu, Codec::Pcma] {
                let sample = decode(codec, octet);
                // Mu-law has two zeros; the negative one comes back positive.
                let again = decode(codec, encode(codec, sample));
                assert_eq!(sample, again, "{codec:?} {octet:#x}");
            }
        }
    }

    #[test]
    fn known_values_of_g711() {
        assert_eq!(decode(Codec::Pcmu, 0x00), -32124);
        assert_eq!(decode(Codec::Pcmu, 0x80), 32124);
        assert_eq!(decode(Codec::Pcmu, 0xff), 0);
        assert_eq!(decode(Codec::Pcma, 0xd5), 8);
        assert_eq!(decode(Codec::Pcma, 0x2a), -32256);
        assert_eq!(encode(Codec::Pcma, i16::MIN), 0x2a);
        assert_eq!(encode(Codec::Pcmu, i16::MAX), 0x80);
    }

    #[test]
    fn error_stays_below_four_percent_of_the_sample() {
        for codec in [Codec::Pcmu, Codec::Pcma] {
            for sample in (-32000..32000i16).step_by(37) {
                let error =
                    (i32::from(decode(codec, encode(codec, sample))) - i32::from(sample)).abs();
                let bound = (i32::from(sample).abs() / 25).max(16);
                assert!(error <= bound, "{codec:?} {sample}: {error}");
            }
        }
    }

    #[test]
    fn converting_there_and_back_moves_at_most_one_step() {
        for octet in 0..=255u8 {
            let mut there = [octet];
            transcode(Codec::Pcmu, Codec::Pcma, &mut there);
            transcode(Codec::Pcma, Codec::Pcmu, &mut there);
            let before = i32::from(decode(Codec::Pcmu, octet));
            let after = i32::from(decode(Codec::Pcmu, there[0]));
            assert!(
                (before - after).abs() <= before.abs() / 12 + 16,
                "{octet:#x}"
            );
        }
    }
}
