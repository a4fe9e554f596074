//! Numbers of 16 bits as `f32` and back: exactly, and without a branch, so that the compiler works on many at once.

/// The `f32` of an IEEE half.
#[inline(always)]
pub(super) fn from_f16(bits: u16) -> f32 {
    let bits = u32::from(bits);
    let (sign, exponent, fraction) = ((bits & 0x8000) << 16, bits & 0x7c00, bits & 0x03ff);
    // 112 is the difference of the exponents' biases; those of infinities are the largest of their kind.
    let normal = ((bits & 0x7fff) << 13) + (112 << 23);
    let special = ((bits & 0x7fff) << 13) + (224 << 23);
    // A multiple of 2^-24, which is a product of numbers that are not too small themselves.
    let small = (fraction as f32 * f32::from_bits((127 - 24) << 23)).to_bits();
    let size = if exponent == 0 {
        small
    } else if exponent == 0x7c00 {
        special
    } else {
        normal
    };
    f32::from_bits(sign | size)
}

/// The half that a number is, where it is one.
#[inline(always)]
pub(super) fn to_f16(value: f32) -> u32 {
    let bits = value.to_bits();
    let (sign, size) = (bits >> 16 & 0x8000, bits & 0x7fff_ffff);
    let small = (f32::from_bits(size) * f32::from_bits((127 + 24) << 23)) as u32;
    let normal = (size >> 13).wrapping_sub(112 << 10);
    let special = 0x7c00 | size >> 13 & 0x03ff;
    let half = if size < 113 << 23 {
        small
    } else if size >= 255 << 23 {
        special
    } else {
        normal
    };
    sign | half
}

/// The number with the exponent of `f32` that a number is, where it is one.
#[inline(always)]
pub(super) fn to_bf16(value: f32) -> u32 {
    value.to_bits() >> 16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_half_is_the_number_that_it_stands_for() {
        for bits in 0..=u16::MAX {
            let (found, expected) = (from_f16(bits), half::f16::from_bits(bits).to_f32());
            let same = found.to_bits() == expected.to_bits();
            assert!(same || found.is_nan() && expected.is_nan(), "{bits:#06x}");
            assert!(
                to_f16(found) == u32::from(bits) || found.is_nan(),
                "{bits:#06x}"
            );
            assert!(from_f16(to_f16(found) as u16).is_nan() == found.is_nan());
            let wide = f32::from_bits(u32::from(bits) << 16);
            assert_eq!(to_bf16(wide), u32::from(bits));
        }
    }
}
