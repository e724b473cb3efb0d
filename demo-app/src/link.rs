//! The connection as the page shows it: a shape, a word, a figure.

use crate::figures;
use crate::words;

/// Where the connection stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Link {
    /// Not asked for yet.
    #[default]
    Idle,
    /// An attempt is under way; the first is 1.
    Connecting {
        attempt: u32,
    },
    /// The connection is open, and the server's answer to the session's greeting is awaited.
    Greeting,
    Open,
    /// The next attempt begins at `retry_at_ms` (milliseconds since 1970).
    Waiting {
        attempt: u32,
        retry_at_ms: u64,
        last: Option<Ending>,
    },
    /// The device has no network; the next attempt begins when it has.
    Offline,
    Closing,
    /// For good, unless the person reconnects.
    Closed(Ending),
    /// It could not be opened at all; the library's words.
    Impossible(String),
}

/// How a connection ended.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Ending {
    /// 1006 if there was no close frame.
    pub(crate) code: u16,
    pub(crate) reason: String,
    pub(crate) by_us: bool,
    /// Whether it had been open.
    pub(crate) was_open: bool,
}

/// What a state means for the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    Quiet,
    Good,
    Warning,
    Bad,
}

impl Tone {
    /// The name of its style.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Quiet => "quiet",
            Self::Good => "good",
            Self::Warning => "warning",
            Self::Bad => "bad",
        }
    }
}

/// The pill's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pill {
    pub(crate) tone: Tone,
    pub(crate) word: String,
    /// Changes often, so it is shown but not announced.
    pub(crate) figure: Option<String>,
    /// Whether "Try now" makes sense.
    pub(crate) can_try_now: bool,
}

impl Link {
    /// The pill at the moment `now_ms`; `rtt_ms` is the round-trip time, if measured.
    pub(crate) fn pill(&self, now_ms: u64, rtt_ms: Option<f64>) -> Pill {
        let pill =
            |tone, word: &str, figure| Pill { tone, word: word.to_owned(), figure, can_try_now: false };
        match self {
            Self::Idle => pill(Tone::Quiet, words::NOT_CONNECTED, None),
            Self::Connecting { attempt } => {
                pill(Tone::Warning, words::CONNECTING, (*attempt > 1).then(|| words::attempt(*attempt)))
            }
            Self::Greeting => pill(Tone::Warning, words::CONNECTING, None),
            Self::Open => pill(Tone::Good, words::CONNECTED, rtt_ms.map(figures::millis)),
            Self::Waiting { retry_at_ms, .. } => {
                let seconds = retry_at_ms.saturating_sub(now_ms).div_ceil(1_000);
                let figure = Some(words::in_seconds(seconds));
                Pill { can_try_now: true, ..pill(Tone::Warning, words::RECONNECTING, figure) }
            }
            Self::Offline => Pill { can_try_now: true, ..pill(Tone::Warning, words::OFFLINE, None) },
            Self::Closing => pill(Tone::Quiet, words::CLOSING, None),
            Self::Closed(ending) if ending.by_us => pill(Tone::Quiet, words::DISCONNECTED, None),
            Self::Closed(ending) if !ending.was_open => pill(Tone::Bad, words::NO_CONNECTION, None),
            Self::Closed(ending) => pill(Tone::Bad, words::CLOSED_BY_SERVER, Some(ending.figure())),
            Self::Impossible(_) => pill(Tone::Bad, words::NO_CONNECTION, None),
        }
    }

    /// What a screen reader is told when the connection comes to this state, once: nothing for the steps between.
    pub(crate) fn announcement(&self) -> Option<String> {
        match self {
            Self::Open => Some(words::SAY_CONNECTED.to_owned()),
            Self::Waiting { .. } => Some(words::SAY_LOST.to_owned()),
            Self::Offline => Some(words::SAY_OFFLINE.to_owned()),
            Self::Closed(ending) if ending.by_us => Some(words::SAY_DISCONNECTED.to_owned()),
            Self::Closed(ending) => Some(format!("{}: {}", words::CLOSED_BY_SERVER, ending.figure())),
            Self::Impossible(why) => Some(format!("{}: {why}", words::NO_CONNECTION)),
            Self::Idle | Self::Connecting { .. } | Self::Greeting | Self::Closing => None,
        }
    }

    /// A sentence for the page: what happened, what it means for what the person writes. None if all is well.
    pub(crate) fn sentence(&self) -> Option<String> {
        match self {
            Self::Idle | Self::Greeting | Self::Open => None,
            Self::Connecting { attempt: 0 | 1 } | Self::Closing => None,
            Self::Connecting { .. } => Some(words::AWAY_CONNECTING.to_owned()),
            Self::Waiting { last: Some(last), .. } if last.was_open => Some(words::AWAY_LOST.to_owned()),
            Self::Waiting { .. } => Some(words::AWAY_NO_SERVER.to_owned()),
            Self::Offline => Some(words::AWAY_OFFLINE.to_owned()),
            Self::Closed(ending) if ending.by_us => Some(words::AWAY_DISCONNECTED.to_owned()),
            Self::Closed(ending) => Some(words::closed_by_server(&ending.figure())),
            Self::Impossible(why) => Some(words::impossible(why)),
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        *self == Self::Open
    }

    /// How the sentence is meant.
    pub(crate) fn tone(&self) -> Tone {
        match self {
            Self::Closed(ending) if ending.by_us => Tone::Quiet,
            Self::Closed(_) | Self::Impossible(_) => Tone::Bad,
            _ => Tone::Warning,
        }
    }

    /// Whether it has ended for good, so that nothing is sent any more.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self, Self::Closed(_) | Self::Impossible(_))
    }
}

impl Ending {
    /// "1008, too many messages", or the code alone.
    pub(crate) fn figure(&self) -> String {
        if self.reason.is_empty() { self.code.to_string() } else { format!("{}, {}", self.code, self.reason) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(link: &Link, rtt: Option<f64>) -> String {
        let pill = link.pill(10_000, rtt);
        pill.figure.map_or(pill.word.clone(), |figure| format!("{} {figure}", pill.word))
    }

    #[test]
    fn a_state_is_a_word_and_a_figure() {
        let ending = Ending { code: 1008, reason: "too many messages".into(), by_us: false, was_open: true };
        let waiting = Link::Waiting { attempt: 2, retry_at_ms: 12_100, last: None };
        assert_eq!(shown(&Link::Open, Some(24.2)), "Connected 24 ms");
        assert_eq!(shown(&Link::Open, None), "Connected");
        assert_eq!(shown(&Link::Connecting { attempt: 1 }, None), "Connecting");
        assert_eq!(shown(&Link::Connecting { attempt: 3 }, None), "Connecting attempt 3");
        assert_eq!(shown(&waiting, None), "Reconnecting in 3 s");
        assert_eq!(shown(&Link::Closed(ending), None), "Closed by the server 1008, too many messages");
        assert_eq!(shown(&Link::Closed(Ending { by_us: true, ..Ending::default() }), None), "Disconnected");
    }

    #[test]
    fn the_steps_between_are_not_announced() {
        assert_eq!(Link::Connecting { attempt: 4 }.announcement(), None);
        assert!(Link::Open.announcement().is_some());
    }
}
