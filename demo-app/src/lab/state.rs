//! What the lab has seen: frames that passed, and what became of numbered messages. A pure reducer.

use std::collections::{BTreeSet, VecDeque};
use std::rc::Rc;

use rejoin::session::inspect::Way;

/// So many numbered messages are sent in a run.
pub(crate) const RUN: u32 = 1_000;

/// A frame that passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Tells it from the others.
    pub(crate) serial: u64,
    /// When, in milliseconds since 1970.
    pub(crate) at_ms: u64,
    pub(crate) way: Way,
    pub(crate) name: &'static str,
    pub(crate) words: String,
}

/// Numbered messages to the server, which sends each back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Run {
    /// Tells this run's messages from those of others.
    pub(crate) id: u64,
    pub(crate) sent: u32,
    /// The numbers that came back.
    back: BTreeSet<u32>,
    pub(crate) twice: u32,
    pub(crate) disordered: u32,
    /// Those that the session named as lost.
    pub(crate) named: u32,
}

impl Run {
    pub(crate) fn returned(&self) -> u32 {
        u32::try_from(self.back.len()).unwrap_or(u32::MAX)
    }

    /// Those of which nothing is known yet.
    pub(crate) fn under_way(&self) -> u32 {
        self.sent.saturating_sub(self.returned() + self.named)
    }

    /// Whether all were sent, and the fate of each is known.
    pub(crate) fn is_over(&self) -> bool {
        self.sent == RUN && self.under_way() == 0
    }

    fn came(&mut self, number: u32) {
        if self.back.last().is_some_and(|last| number < *last) {
            self.disordered += 1;
        }
        if !self.back.insert(number) {
            self.twice += 1;
        }
    }
}

/// The text of a run's message.
pub(crate) fn message(run: u64, number: u32) -> String {
    format!("lab {run} {number}")
}

/// The run and number of such a text.
pub(crate) fn number(text: &str) -> Option<(u64, u32)> {
    let (run, number) = text.strip_prefix("lab ")?.split_once(' ')?;
    Some((run.parse().ok()?, number.parse().ok()?))
}

/// All that the lab shows of its own.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct LabState {
    /// Newest first.
    pub(crate) frames: VecDeque<Rc<Seen>>,
    pub(crate) run: Option<Run>,
    /// Whether the page acts as if there were no network.
    pub(crate) offline: bool,
    /// Publications that the server found to be repeats, and refused to take twice; none while not known.
    pub(crate) repeats: Option<u64>,
    /// The server was asked for them last and did not answer.
    pub(crate) repeats_missing: bool,
    passed: u64,
}

/// What can happen.
#[derive(Debug, Clone)]
pub(crate) enum LabAction {
    Passed {
        way: Way,
        name: &'static str,
        words: String,
        at_ms: u64,
    },
    /// A run of numbered messages begins, in place of the one before it.
    Begun {
        run: u64,
    },
    /// One of them was handed to the session.
    Sent {
        run: u64,
    },
    /// A message came from the server.
    Came {
        text: String,
    },
    /// The session says that this message's fate is unknown or that it never went.
    Lost {
        text: String,
    },
    Offline(bool),
    /// The server was asked for its count: none if it did not answer.
    Repeats(Option<u64>),
    /// Several, in their order.
    All(Vec<LabAction>),
}

impl LabState {
    /// The most frames that are kept.
    pub(crate) const LIMIT: usize = 200;

    /// The state after `action`.
    pub(crate) fn after(&self, action: LabAction) -> Self {
        let mut next = self.clone();
        next.take(action);
        next
    }

    fn take(&mut self, action: LabAction) {
        match action {
            LabAction::Passed { way, name, words, at_ms } => {
                self.passed += 1;
                self.frames.push_front(Rc::new(Seen { serial: self.passed, at_ms, way, name, words }));
                self.frames.truncate(Self::LIMIT);
            }
            LabAction::Begun { run } => self.run = Some(Run { id: run, ..Run::default() }),
            LabAction::Sent { run: id } => {
                if let Some(run) = self.run.as_mut().filter(|run| run.id == id) {
                    run.sent += 1;
                }
            }
            LabAction::Came { text } => {
                if let Some((run, number)) = self.of_run(&text) {
                    run.came(number);
                }
            }
            LabAction::Lost { text } => {
                if let Some((run, number)) = self.of_run(&text)
                    && !run.back.contains(&number)
                {
                    run.named += 1;
                }
            }
            LabAction::Offline(offline) => self.offline = offline,
            LabAction::Repeats(repeats) => {
                self.repeats = repeats;
                self.repeats_missing = repeats.is_none();
            }
            LabAction::All(actions) => actions.into_iter().for_each(|action| self.take(action)),
        }
    }

    fn of_run(&mut self, text: &str) -> Option<(&mut Run, u32)> {
        let (id, number) = number(text)?;
        let run = self.run.as_mut().filter(|run| run.id == id)?;
        Some((run, number))
    }
}

impl yew::Reducible for LabState {
    type Action = LabAction;

    fn reduce(self: Rc<Self>, action: LabAction) -> Rc<Self> {
        self.after(action).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(count: u32) -> LabState {
        let begun = LabState::default().after(LabAction::Begun { run: 7 });
        let state = (0..count).fold(begun, |state, _| state.after(LabAction::Sent { run: 7 }));
        state.after(LabAction::Sent { run: 6 })
    }

    fn came(numbers: &[u32]) -> Run {
        let start = sent(5);
        let state = numbers
            .iter()
            .fold(start, |state, number| state.after(LabAction::Came { text: message(7, *number) }));
        state.run.unwrap()
    }

    #[test]
    fn every_numbered_message_is_accounted_for() {
        let run = came(&[0, 1, 2]);
        assert_eq!((run.returned(), run.under_way(), run.twice, run.disordered), (3, 2, 0, 0));
        let run = came(&[0, 2, 1, 1]);
        assert_eq!((run.returned(), run.twice, run.disordered), (3, 1, 2));
    }

    #[test]
    fn what_the_session_names_as_lost_is_not_under_way() {
        let state = sent(3);
        let state = state.after(LabAction::Came { text: message(7, 0) });
        let state = (0..2).fold(state, |state, n| state.after(LabAction::Lost { text: message(7, n) }));
        let run = state.run.as_ref().unwrap();
        assert_eq!((run.named, run.under_way()), (1, 1));
        let all = [message(7, 1), message(7, 2)].map(|text| LabAction::Came { text }).to_vec();
        let run = state.after(LabAction::All(all)).run.unwrap();
        assert_eq!((run.returned(), run.under_way()), (3, 0));
        // Another run's messages, and what is none at all, are nobody's.
        for text in [message(6, 1), "lab".into(), "lab 7 x".into()] {
            assert_eq!(state.after(LabAction::Came { text }), state);
        }
    }

    #[test]
    fn a_run_is_over_when_all_were_sent_and_each_one_s_fate_is_known() {
        let state =
            (0..RUN - 1).fold(sent(RUN), |state, n| state.after(LabAction::Came { text: message(7, n) }));
        assert!(!state.run.as_ref().unwrap().is_over());
        let text = message(7, RUN - 1);
        assert!(state.after(LabAction::Lost { text: text.clone() }).run.unwrap().is_over());
        assert!(state.after(LabAction::Came { text }).run.unwrap().is_over());
        assert!(!came(&[0, 1, 2, 3, 4]).is_over());
    }

    #[test]
    fn a_count_that_can_not_be_had_is_missing_and_not_the_one_before() {
        let state = LabState::default();
        assert!(!state.repeats_missing, "it was not asked for yet");
        let known = state.after(LabAction::Repeats(Some(3)));
        assert_eq!((known.repeats, known.repeats_missing), (Some(3), false));
        let missing = known.after(LabAction::Repeats(None));
        assert_eq!((missing.repeats, missing.repeats_missing), (None, true));
        assert_eq!(missing.after(LabAction::Repeats(Some(3))), known);
    }

    #[test]
    fn the_newest_frames_are_kept() {
        let mut state = LabState::default();
        for at_ms in 0..250 {
            let words = String::new();
            state = state.after(LabAction::Passed { way: Way::In, name: "ACK", words, at_ms });
        }
        assert_eq!(state.frames.len(), LabState::LIMIT);
        assert_eq!(state.frames[0].at_ms, 249);
    }
}
