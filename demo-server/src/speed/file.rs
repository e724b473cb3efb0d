//! The coursework's file: 10,000,000 random bytes in one shared buffer.

use bytes::Bytes;
use demo_messages::flow::LARGEST_MESSAGE_BYTES;
use demo_messages::speed::FILE_BYTES;

/// The file. Clones share the buffer; it is never read from a disk.
#[derive(Debug, Clone)]
pub(crate) struct File {
    bytes: Bytes,
}

impl File {
    /// Draws the bytes at random, so that no link can compress them.
    pub(crate) fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = vec![0; FILE_BYTES as usize];
        getrandom::fill(&mut bytes)?;
        Ok(Self { bytes: bytes.into() })
    }

    /// All of it.
    pub(crate) fn whole(&self) -> Bytes {
        self.bytes.clone()
    }

    /// A piece of at most [`LARGEST_MESSAGE_BYTES`], for a load after its first `sent` bytes: another each time,
    /// round and round.
    pub(crate) fn piece(&self, sent: u64, size: usize) -> Bytes {
        let size = size.min(LARGEST_MESSAGE_BYTES);
        let start = (sent % (FILE_BYTES - LARGEST_MESSAGE_BYTES as u64)) as usize;
        self.bytes.slice(start..start + size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_whole_wherever_they_begin() {
        let file = File::random().unwrap();
        assert_eq!(file.whole().len() as u64, FILE_BYTES);
        for sent in [0, 1, FILE_BYTES - 1, FILE_BYTES, u64::MAX] {
            for size in [1, 1_024, LARGEST_MESSAGE_BYTES] {
                assert_eq!(file.piece(sent, size).len(), size);
            }
        }
        assert_ne!(file.piece(0, 1_024), file.piece(1_024, 1_024));
    }
}
