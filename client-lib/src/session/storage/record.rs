//! The identity as a line of text, and back.

use rejoin_protocol::session::Pair;
use rejoin_protocol::wire::SessionId;

/// What the tab remembers: where its publications are kept, and who it is, once it has been told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) store: String,
    pub(super) pair: Option<Pair>,
}

impl Record {
    pub(super) fn write(&self) -> String {
        let Some(pair) = &self.pair else { return self.store.clone() };
        let (random, token) = (hex(&pair.id.random), hex(&pair.token));
        [&self.store, &number(pair.id.born), &random, &token, &number(pair.alias), &number(pair.attempt)]
            .map(String::as_str)
            .join(" ")
    }

    /// Reads a line; `None` for one that was not written here.
    pub(super) fn read(line: &str) -> Option<Self> {
        let mut words = line.split(' ');
        let store = words.next().filter(|store| !store.is_empty())?.to_owned();
        let Some(born) = words.next() else { return Some(Self { store, pair: None }) };
        let id = SessionId { born: read_number(born)?, random: read_hex(words.next()?)? };
        let token = read_hex(words.next()?)?;
        let (alias, attempt) = (read_number(words.next()?)?, read_number(words.next()?)?);
        Some(Self { store, pair: Some(Pair { id, token, alias, attempt }) })
    }
}

pub(super) fn number(number: u64) -> String {
    hex(&number.to_be_bytes())
}

pub(super) fn read_number(text: &str) -> Option<u64> {
    read_hex(text).map(u64::from_be_bytes)
}

fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn read_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    let mut bytes = [0; N];
    if digits.len() != 2 * N {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
        for digit in pair {
            // A digit has four bits.
            *byte = *byte << 4 | char::from(*digit).to_digit(16)? as u8;
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let id = SessionId { born: 1 << 50, random: [0xab; 12] };
        let pair = Pair { id, token: [7; 32], alias: u64::MAX, attempt: 3 };
        for pair in [Some(pair), None] {
            let record = Record { store: "1f".into(), pair };
            assert_eq!(Record::read(&record.write()), Some(record));
        }
    }

    #[test]
    fn what_was_not_written_here_is_no_record() {
        for line in ["", "a b", "a 00 00 00 00 00", "a 0000000000000001"] {
            assert_eq!(Record::read(line), None, "{line}");
        }
    }

    #[test]
    fn numbers_sort_as_text() {
        assert!(number(255) < number(256) && number(9) < number(10));
        assert_eq!(read_number(&number(1 << 53)), Some(1 << 53));
    }
}
