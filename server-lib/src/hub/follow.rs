//! Following a channel on one connection: its tail, who is there, and what may be lost.

use std::sync::Arc;

use futures_util::future::{AbortHandle, AbortRegistration, Abortable, BoxFuture};
use rejoin_protocol::session::FeedStart;
use rejoin_protocol::wire::{Alias, Body, Position, Presence};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, watch};

use super::channel::{Channel, Whisper};
use super::work::Done;

/// What a subscription holds of its channel. Dropping it takes its reader off the list of who is there.
pub(super) struct Following {
    pub(super) channel: Arc<Channel>,
    /// This subscription's own, so that another of the same session is told apart.
    place: u64,
    /// Under which the reader is listed.
    listed: Option<Alias>,
    /// Up to which version of the list the reader was told.
    told: Option<u64>,
    /// The channel's end, once the subscription has its start.
    tail: Option<watch::Receiver<Position>>,
    /// Whether who is there is watched as well.
    with_members: bool,
    watching: Option<AbortHandle>,
}

impl Drop for Following {
    fn drop(&mut self) {
        if let Some(watching) = &self.watching {
            watching.abort();
        }
        if let Some(alias) = self.listed {
            self.channel.listing.leave(alias, self.place);
        }
    }
}

/// What can change of a channel.
pub(super) struct Watching {
    subscription: u64,
    tail: watch::Receiver<Position>,
    members: Option<watch::Receiver<u64>>,
    whispers: broadcast::Receiver<Whisper>,
}

/// What has changed.
pub(super) enum News {
    Tail(Position),
    Members,
    Whisper(Whisper),
    /// The log is closed.
    Over,
}

/// A subscription that was granted and found its start.
pub(super) struct Found {
    pub(super) start: FeedStart,
    pub(super) channel: Arc<Channel>,
    pub(super) tail: watch::Receiver<Position>,
}

impl Following {
    pub(super) fn new(channel: Arc<Channel>, place: u64, with_members: bool) -> Self {
        Self { channel, place, listed: None, told: None, tail: None, with_members, watching: None }
    }

    /// What is done with this registration is given up when the subscription ends.
    pub(super) fn abortable(&mut self) -> AbortRegistration {
        let (handle, registration) = AbortHandle::new_pair();
        self.watching = Some(handle);
        registration
    }

    /// Lists the reader, or lists it with something else. False when as many are listed as may be.
    pub(super) fn appear(&mut self, alias: Alias, about: Body, most: usize) -> bool {
        let is_listed = self.channel.listing.appear(alias, self.place, about, most);
        if is_listed {
            self.listed = Some(alias);
        } else {
            tracing::info!(
                channel = self.channel.name,
                most,
                "somebody is not listed: as many are as may be"
            );
        }
        is_listed
    }

    /// Begins to watch. The tail's present value counts as news.
    pub(super) fn watch<C: Send + 'static>(
        &mut self,
        subscription: u64,
        mut tail: watch::Receiver<Position>,
    ) -> BoxFuture<'static, Done<C>> {
        self.tail = Some(tail.clone());
        tail.mark_changed();
        let members = self.with_members.then(|| {
            let mut members = self.channel.listing.watch();
            members.mark_changed();
            members
        });
        let whispers = self.channel.whispers.subscribe();
        self.go_on(Watching { subscription, tail, members, whispers })
    }

    /// Who is listed is told who else is: hands over what watches them, if that has to begin anew. What may be lost is
    /// lost between the two.
    pub(super) fn watch_members<C: Send + 'static>(
        &mut self,
        subscription: u64,
    ) -> Option<BoxFuture<'static, Done<C>>> {
        if std::mem::replace(&mut self.with_members, true) {
            return None;
        }
        // Without it, watching begins later, with them.
        let tail = self.tail.clone()?;
        if let Some(watching) = self.watching.take() {
            watching.abort();
        }
        Some(self.watch(subscription, tail))
    }

    /// Whether this is what watches now, and was not replaced meanwhile.
    pub(super) fn watches_by(&self, watching: &Watching) -> bool {
        watching.members.is_some() == self.with_members
    }

    /// Watches on.
    pub(super) fn go_on<C: Send + 'static>(&mut self, mut watching: Watching) -> BoxFuture<'static, Done<C>> {
        let registration = self.abortable();
        let news = async move {
            let news = watching.next().await;
            (watching, news)
        };
        Box::pin(async move {
            match Abortable::new(news, registration).await {
                Ok((watching, news)) => Done::News(watching.subscription, watching, news),
                Err(_) => Done::Nothing,
            }
        })
    }

    /// How the list has changed since the reader was told.
    pub(super) fn changes(&mut self) -> Vec<Presence> {
        let (told, changes) = self.channel.listing.since(self.told);
        self.told = Some(told);
        changes
    }
}

impl Watching {
    async fn next(&mut self) -> News {
        let members = async {
            match &mut self.members {
                Some(members) => {
                    // The channel holds the sender as long as its follower does.
                    if members.changed().await.is_err() {
                        std::future::pending::<()>().await;
                    }
                    members.mark_unchanged();
                }
                None => std::future::pending().await,
            }
        };
        let whisper = async {
            loop {
                match self.whispers.recv().await {
                    Ok(whisper) => return whisper,
                    // What a slow reader missed was allowed to be lost.
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => std::future::pending::<()>().await,
                }
            }
        };
        tokio::select! {
            changed = self.tail.changed() => match changed {
                Ok(()) => News::Tail(*self.tail.borrow_and_update()),
                Err(_) => News::Over,
            },
            () = members => News::Members,
            whisper = whisper => News::Whisper(whisper),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hub::channel::{CacheLimits, Channels};
    use crate::log::{Log, MemoryLog};

    #[test]
    fn a_reader_is_told_the_whole_list_once_and_then_what_changes() {
        let log: Arc<dyn Log> = Arc::new(MemoryLog::default());
        let channel =
            Channels::default().get("room", &log, CacheLimits { channel: 1_000, all: 1_000 }, 9).unwrap();
        let mut following = Following::new(Arc::clone(&channel), 1, true);
        following.appear(1, Body::from("ada"), 2);
        assert!(matches!(&following.changes()[..], [Presence::Full(all)] if all.len() == 1));
        let mut other = Following::new(Arc::clone(&channel), 2, true);
        other.appear(2, Body::from("bob"), 2);
        assert!(matches!(&following.changes()[..], [Presence::Joined(member)] if member.alias == 2));
        other.appear(2, Body::from("bobby"), 2);
        assert!(matches!(&following.changes()[..], [Presence::Changed(_)]));
        let mut third = Following::new(Arc::clone(&channel), 3, true);
        third.appear(3, Body::new(), 2);
        assert!(following.changes().is_empty(), "as many are listed as may be");
        drop(other);
        assert!(matches!(&following.changes()[..], [Presence::Left(2)]));
    }

    #[test]
    fn who_is_listed_from_another_place_stays_when_the_first_goes() {
        let log: Arc<dyn Log> = Arc::new(MemoryLog::default());
        let channel =
            Channels::default().get("room", &log, CacheLimits { channel: 1_000, all: 1_000 }, 9).unwrap();
        let mut first = Following::new(Arc::clone(&channel), 4, true);
        first.appear(1, Body::new(), 9);
        let mut second = Following::new(Arc::clone(&channel), 5, true);
        second.appear(1, Body::new(), 9);
        drop(first);
        assert_eq!(channel.listing.len(), 1);
        drop(second);
        assert_eq!(channel.listing.len(), 0);
    }
}
