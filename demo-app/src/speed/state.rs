//! The speed page's state and what changes it: a pure reducer.

use super::classic::{self, Files};
use super::record::{History, Measured, Record};
use super::report::{Order, Report, Trouble};
use super::streamed::Streamed;

/// How a test ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    Running,
    Finished,
    Stopped,
    Failed(Trouble),
}

/// What the tests of a kind have measured last.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Run<T> {
    pub(crate) measured: T,
    pub(crate) outcome: Outcome,
}

/// All that the speed page shows.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct SpeedState {
    pub(crate) streamed: Option<Run<Streamed>>,
    pub(crate) classic: Option<Run<Files>>,
    pub(crate) history: History,
}

/// What can happen.
#[derive(Debug, Clone)]
pub(crate) enum SpeedAction {
    /// The person starts a test: the last one's results go.
    Started(Order),
    /// The worker says something.
    Reported { report: Report, at_ms: u64 },
    /// The browser's store has been read.
    Loaded(History),
    /// The person empties the history.
    ClearHistory,
}

impl SpeedState {
    /// Whether a test runs.
    pub(crate) fn is_running(&self) -> bool {
        self.classic_runs() || self.streamed_runs()
    }

    /// Whether the coursework's test runs.
    pub(crate) fn classic_runs(&self) -> bool {
        self.classic.as_ref().is_some_and(|run| run.outcome == Outcome::Running)
    }

    /// Whether the streamed test runs.
    pub(crate) fn streamed_runs(&self) -> bool {
        self.streamed.as_ref().is_some_and(|run| run.outcome == Outcome::Running)
    }

    /// The state after `action`.
    pub(crate) fn after(&self, action: SpeedAction) -> Self {
        let mut next = self.clone();
        match action {
            SpeedAction::Started(Order::Classic { .. }) => {
                next.classic = Some(Run { measured: Files::default(), outcome: Outcome::Running });
            }
            SpeedAction::Started(Order::Streamed { idle_ms, load_ms, .. }) => {
                let measured = Streamed::new(idle_ms, load_ms);
                next.streamed = Some(Run { measured, outcome: Outcome::Running });
            }
            SpeedAction::Started(Order::Stop) => {}
            SpeedAction::Reported { report, at_ms } => next.take(&report, at_ms),
            SpeedAction::Loaded(history) => next.history = history,
            SpeedAction::ClearHistory => next.history = History::default(),
        }
        next
    }

    fn take(&mut self, report: &Report, at_ms: u64) {
        let outcome = match report {
            Report::Finished => Outcome::Finished,
            Report::Stopped => Outcome::Stopped,
            Report::Failed(trouble) => Outcome::Failed(trouble.clone()),
            _ => Outcome::Running,
        };
        let mut measured = None;
        if let Some(run) = self.classic.as_mut().filter(|run| run.outcome == Outcome::Running) {
            match report {
                Report::Took { ms } => run.measured.took(*ms),
                Report::File { bytes, ms } => run.measured.part(*bytes, *ms),
                _ => {}
            }
            if outcome == Outcome::Finished {
                measured = classic::mean(&run.measured.times_ms)
                    .map(|mean| Measured::Classic { megabytes: mean.megabytes });
            }
            run.outcome = outcome;
        } else if let Some(run) = self.streamed.as_mut().filter(|run| run.outcome == Outcome::Running) {
            run.measured.take(report);
            if outcome == Outcome::Finished {
                measured = run.measured.figures().map(Measured::from);
            }
            run.outcome = outcome;
        }
        if let Some(measured) = measured {
            self.history.add(Record { at_ms, measured });
        }
    }
}

impl yew::Reducible for SpeedState {
    type Action = SpeedAction;

    fn reduce(self: std::rc::Rc<Self>, action: SpeedAction) -> std::rc::Rc<Self> {
        self.after(action).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order() -> Order {
        Order::Classic { url: "ws://h/ws/speed".into(), runs: 10 }
    }

    fn run(state: &SpeedState, reports: impl IntoIterator<Item = Report>) -> SpeedState {
        let step = |state: SpeedState, report| state.after(SpeedAction::Reported { report, at_ms: 9 });
        reports.into_iter().fold(state.clone(), step)
    }

    #[test]
    fn a_finished_test_is_kept_in_the_history() {
        let state = SpeedState::default().after(SpeedAction::Started(order()));
        assert!(state.is_running());
        let state = run(&state, [Report::Took { ms: 200.0 }, Report::Finished]);
        assert!(!state.is_running());
        assert_eq!(
            state.history.records(),
            [Record { at_ms: 9, measured: Measured::Classic { megabytes: 50.0 } }]
        );
    }

    #[test]
    fn a_broken_test_keeps_what_was_measured_and_is_not_in_the_history() {
        let state = SpeedState::default().after(SpeedAction::Started(order()));
        let state = run(&state, [Report::Took { ms: 200.0 }, Report::Failed(Trouble::Unreachable)]);
        let classic = state.classic.as_ref().expect("a run");
        assert_eq!(classic.measured.times_ms, [200.0]);
        assert_eq!(classic.outcome, Outcome::Failed(Trouble::Unreachable));
        assert!(state.history.records().is_empty());
    }

    #[test]
    fn a_new_start_begins_with_empty_results() {
        let state = SpeedState::default().after(SpeedAction::Started(order()));
        let state = run(&state, [Report::Took { ms: 200.0 }, Report::Stopped]);
        let state = state.after(SpeedAction::Started(order()));
        assert_eq!(state.classic.expect("a run").measured, Files::default());
    }

    #[test]
    fn what_the_worker_says_after_the_end_changes_nothing() {
        let state = SpeedState::default().after(SpeedAction::Started(order()));
        let state = run(&state, [Report::Stopped]);
        assert_eq!(run(&state, [Report::Took { ms: 1.0 }, Report::Finished]), state);
    }
}
