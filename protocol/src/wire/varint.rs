//! Integers: LEB128, seven bits a byte, the lowest first; every byte but the last has its high bit set.

use alloc::vec::Vec;

use super::Fault;

/// The largest integer of the protocol, 2^53 - 1: what a JavaScript number holds exactly.
pub const MAX_INTEGER: u64 = (1 << 53) - 1;

/// The bytes of the largest integer.
const MOST_BYTES: usize = 8;
const MORE: u8 = 0x80;

/// Appends an integer. One beyond [`MAX_INTEGER`] is written whole, and the other end refuses it.
pub(super) fn write(out: &mut Vec<u8>, mut value: u64) {
    while value >= u64::from(MORE) {
        out.push(value as u8 | MORE);
        value >>= 7;
    }
    out.push(value as u8);
}

/// The bytes that an integer takes.
pub(super) fn length(value: u64) -> usize {
    // Zero takes a byte too.
    (u64::BITS - (value | 1).leading_zeros()).div_ceil(7) as usize
}

/// Reads an integer from the start of some bytes, and says how many it took.
pub(super) fn read(bytes: &[u8]) -> Result<(u64, usize), Fault> {
    let mut value = 0;
    for (index, byte) in bytes.iter().take(MOST_BYTES).enumerate() {
        value |= u64::from(byte & !MORE) << (7 * index);
        if byte & MORE != 0 {
            continue;
        }
        return match (*byte, index) {
            (0, 1..) => Err(Fault::Overlong),
            _ if value > MAX_INTEGER => Err(Fault::TooLarge { found: value, most: MAX_INTEGER }),
            _ => Ok((value, index + 1)),
        };
    }
    if bytes.len() < MOST_BYTES {
        return Err(Fault::Truncated { needed: bytes.len() as u64 + 1, left: bytes.len() as u64 });
    }
    // A ninth byte follows, and with it bits beyond the 53rd or none at all.
    Err(Fault::TooManyBytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(value: u64) -> Vec<u8> {
        let mut out = Vec::new();
        write(&mut out, value);
        out
    }

    #[test]
    fn integers_come_back_with_the_bytes_that_they_took() {
        for bits in 0..=53 {
            for value in [(1_u64 << bits) - 1, 1 << bits, (1 << bits) + 1] {
                if value <= MAX_INTEGER {
                    let mut bytes = written(value);
                    let length = bytes.len();
                    assert_eq!(super::length(value), length, "{value}");
                    bytes.push(0xff);
                    assert_eq!(read(&bytes), Ok((value, length)), "{value}");
                }
            }
        }
        assert_eq!(written(127), [0x7f]);
        assert_eq!(written(128), [0x80, 1]);
        assert_eq!(written(MAX_INTEGER).len(), MOST_BYTES);
    }

    #[test]
    fn what_is_larger_than_the_largest_is_refused() {
        let too_large = |found| Err(Fault::TooLarge { found, most: MAX_INTEGER });
        assert_eq!(read(&written(MAX_INTEGER + 1)), too_large(MAX_INTEGER + 1));
        assert_eq!(read(&written((1 << 56) - 1)), too_large((1 << 56) - 1));
        assert_eq!(read(&written(1 << 56)), Err(Fault::TooManyBytes));
        assert_eq!(read(&written(u64::MAX)), Err(Fault::TooManyBytes));
    }

    #[test]
    fn longer_forms_than_the_shortest_are_refused() {
        assert_eq!(read(&[0x80, 0]), Err(Fault::Overlong));
        assert_eq!(read(&[0xff, 0]), Err(Fault::Overlong));
        assert_eq!(read(&[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0]), Err(Fault::Overlong));
        assert_eq!(read(&[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0]), Err(Fault::TooManyBytes));
    }

    #[test]
    fn an_integer_that_breaks_off_is_truncated() {
        assert_eq!(read(&[]), Err(Fault::Truncated { needed: 1, left: 0 }));
        assert_eq!(read(&[0x80, 0x80]), Err(Fault::Truncated { needed: 3, left: 2 }));
        assert_eq!(read(&[0x80; 7]), Err(Fault::Truncated { needed: 8, left: 7 }));
        assert_eq!(read(&[0x80; 8]), Err(Fault::TooManyBytes));
    }
}
