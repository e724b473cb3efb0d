//! The receipt of a publication.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use rejoin_protocol::session::Settlement;
use rejoin_protocol::wire::Position;

use super::PublishError;
use super::slot::Slot;

/// What becomes of a publication: a future that is ready once the entry is durable, or certainly will not be, or
/// nobody can say any more. Dropping it cancels nothing. It does not keep the session alive; with the session's end
/// every receipt is settled. Until then it waits for the server's answer, over as many connections as
/// [`reconnect`](super::SessionBuilder::reconnect) allows: a time-out around it ends the waiting, and not the publication. After it has been ready it must not be polled again.
#[must_use = "without it nobody learns whether the publication is durable; drop it to say that nobody needs to"]
pub struct Receipt {
    slot: Rc<Slot<Settlement>>,
    number: u64,
}

impl Receipt {
    pub(crate) fn new(slot: Rc<Slot<Settlement>>, number: u64) -> Self {
        Self { slot, number }
    }

    /// Whether the future is ready.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.slot.is_settled()
    }

    /// The publication's number among those of this session in its channel. Together with the session's
    /// [alias](super::SessionHandle::pair) it names the entry for all who see it, as long as the session's identity is
    /// the same.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }
}

/// # Errors
/// When the entry is not known to be durable; [`PublishError`] says what is known.
impl Future for Receipt {
    type Output = Result<Position, PublishError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.slot.poll(context).map(|settlement| match settlement {
            Some(Settlement::Durable(position)) => Ok(position),
            Some(Settlement::Refused(denial)) => Err(PublishError::Refused(denial)),
            Some(Settlement::Unsent(payload)) => Err(PublishError::Unsent(payload)),
            Some(Settlement::Unknown) | None => Err(PublishError::Unknown),
        })
    }
}
