//! The coursework's file: 10,000,000 random bytes in one shared buffer.

use bytes::Bytes;
use demo_messages::speed::{CHUNK_BYTES, FILE_BYTES};

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

    /// The n-th piece of [`CHUNK_BYTES`], round and round.
    pub(crate) fn chunk(&self, n: u64) -> Bytes {
        let pieces = self.bytes.len() / CHUNK_BYTES;
        let start = (n % pieces as u64) as usize * CHUNK_BYTES;
        self.bytes.slice(start..start + CHUNK_BYTES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_whole_and_go_round() {
        let file = File::random().unwrap();
        assert_eq!(file.whole().len() as u64, FILE_BYTES);
        let pieces = FILE_BYTES / CHUNK_BYTES as u64;
        for n in [0, pieces - 1, pieces, u64::MAX] {
            assert_eq!(file.chunk(n).len(), CHUNK_BYTES);
        }
        assert_eq!(file.chunk(0), file.chunk(pieces));
    }
}
