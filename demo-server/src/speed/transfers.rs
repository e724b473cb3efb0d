//! The coursework's files on their way: how much of each has been sent, for a page that watches on another connection,
//! because a browser shows nothing of a message before it is whole.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use demo_messages::speed::FILE_BYTES;
use rejoin_server::Sender;

/// The files that tagged connections have requested. At most one entry a connection, so that the limit of connections
/// bounds it. Clones share the entries.
#[derive(Debug, Clone, Default)]
pub(crate) struct Transfers {
    entries: Arc<Mutex<HashMap<u32, Transfer>>>,
}

/// The newest file of a connection.
#[derive(Debug)]
struct Transfer {
    sender: Sender,
    /// Which file of the connection, from 1.
    number: u32,
    /// What the socket had taken before it.
    before: u64,
}

/// How much of a file has been sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) number: u32,
    pub(crate) bytes: u64,
}

impl Transfers {
    fn entries(&self) -> MutexGuard<'_, HashMap<u32, Transfer>> {
        // No code that can panic runs under the lock, so a poisoned map is still whole.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How much of the newest file with this tag has been sent. `None` before the first one, and after the end of its
    /// connection.
    pub(crate) fn sent(&self, tag: u32) -> Option<Sent> {
        let entries = self.entries();
        let it = entries.get(&tag)?;
        let bytes = it.sender.written_bytes().saturating_sub(it.before).min(FILE_BYTES);
        Some(Sent { number: it.number, bytes })
    }
}

/// The entry of one connection, removed when it is dropped.
#[derive(Debug)]
pub(crate) struct Tagged {
    transfers: Transfers,
    sender: Sender,
    tag: Option<u32>,
    number: u32,
}

impl Tagged {
    pub(crate) fn new(transfers: &Transfers, sender: Sender) -> Self {
        Self { transfers: transfers.clone(), sender, tag: None, number: 0 }
    }

    /// A file is requested by this text. Only `start TAG` has a tag, and the first tag of a connection counts. A tag
    /// of another connection stays with that one.
    pub(crate) fn requested(&mut self, text: &str) {
        self.number += 1;
        let Some(tag) = self.tag.or_else(|| text.strip_prefix("start ")?.parse().ok()) else { return };
        let mut entries = self.transfers.entries();
        if self.tag.is_none() && entries.contains_key(&tag) {
            return;
        }
        self.tag = Some(tag);
        let before = self.sender.written_bytes();
        entries.insert(tag, Transfer { sender: self.sender.clone(), number: self.number, before });
    }
}

impl Drop for Tagged {
    fn drop(&mut self) {
        if let Some(tag) = self.tag {
            self.transfers.entries().remove(&tag);
        }
    }
}
