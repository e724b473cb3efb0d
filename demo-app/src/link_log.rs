//! The connection's present and its recent past, as the pages show them.

use std::collections::VecDeque;
use std::rc::Rc;

use yew::Reducible;

use crate::link::Link;
use crate::words;

/// How a session came to be live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coming {
    /// For the first time, or after it was over.
    New,
    /// With all its messages.
    Resumed,
    /// The server had forgotten its messages, and knows its identity.
    Kept,
    /// Under another identity.
    Replaced,
}

/// The connection over time.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct LinkLog {
    pub(crate) link: Link,
    pub(crate) rtt_ms: Option<f64>,
    /// How the session came to be live the last time.
    pub(crate) coming: Option<Coming>,
    /// When, in milliseconds since 1970, and what happened, in words; newest first.
    pub(crate) past: VecDeque<(u64, String)>,
}

/// What can happen.
#[derive(Debug, Clone)]
pub(crate) enum LinkAction {
    Became { link: Link, at_ms: u64 },
    Came { coming: Coming, at_ms: u64 },
    RoundTrip(f64),
}

impl LinkLog {
    /// The most lines of the past that are kept.
    pub(crate) const LIMIT: usize = 20;

    /// The state after `action`.
    pub(crate) fn after(&self, action: LinkAction) -> Self {
        let mut next = self.clone();
        match action {
            LinkAction::Became { link, at_ms } => {
                if let Some(what) = words::happened(&link) {
                    next.note(at_ms, what);
                }
                if !link.is_open() {
                    next.rtt_ms = None;
                }
                next.link = link;
            }
            LinkAction::RoundTrip(ms) => next.rtt_ms = Some(ms),
            LinkAction::Came { coming, at_ms } => {
                next.note(at_ms, words::came(coming));
                next.coming = Some(coming);
            }
        }
        next
    }

    fn note(&mut self, at_ms: u64, what: String) {
        self.past.push_front((at_ms, what));
        self.past.truncate(Self::LIMIT);
    }
}

impl Reducible for LinkLog {
    type Action = LinkAction;

    fn reduce(self: Rc<Self>, action: LinkAction) -> Rc<Self> {
        self.after(action).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_past_is_kept_newest_first_and_bounded() {
        let mut log = LinkLog::default();
        for at_ms in 0..30 {
            let link = Link::Connecting { attempt: u32::try_from(at_ms).expect("small") };
            log = log.after(LinkAction::Became { link, at_ms });
        }
        assert_eq!(log.past.len(), LinkLog::LIMIT);
        assert_eq!(log.past[0].0, 29);
    }

    #[test]
    fn a_round_trip_time_belongs_to_its_connection() {
        let open = LinkLog::default().after(LinkAction::Became { link: Link::Open, at_ms: 0 });
        let open = open.after(LinkAction::RoundTrip(4.0));
        assert_eq!(open.rtt_ms, Some(4.0));
        assert_eq!(open.after(LinkAction::Became { link: Link::Offline, at_ms: 1 }).rtt_ms, None);
    }
}
