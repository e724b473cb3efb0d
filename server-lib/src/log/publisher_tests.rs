//! Every rule of the numbering, one by one, and all short histories against a plain model.

use std::collections::BTreeMap;
use std::time::Duration;

use rejoin_protocol::wire::{Answer, Denial, Epoch, Position};

use super::*;

fn position(offset: u64) -> Position {
    Position { epoch: Epoch { ordinal: 1, id: 7 }, offset }
}

fn denial() -> Denial {
    Denial { code: 4403, reason: "not here".into() }
}

fn appended(id: u64) -> Recorded {
    Recorded { id, outcome: Outcome::Appended(position(9)) }
}

fn refused(id: u64) -> Recorded {
    Recorded { id, outcome: Outcome::Refused(denial()) }
}

fn take(number: u64, settled: u64, id: u64) -> Asked<'static> {
    Asked { number, settled, id, verdict: &Verdict::Take }
}

fn row(settled: u64, next: u64) -> Row {
    Row { next, settled }
}

fn ask(row: Row, asked: Asked<'_>, recorded: Option<&Recorded>) -> Step {
    row.ask(asked, recorded).unwrap()
}

#[test]
fn the_number_after_the_last_is_appended() {
    assert_eq!(ask(Row::default(), take(0, 0, 5), None), Step::Append(row(0, 1)));
    assert_eq!(ask(row(2, 4), take(4, 3, 5), None), Step::Append(row(3, 5)));
}

#[test]
fn settled_never_goes_back() {
    assert_eq!(ask(row(3, 4), take(4, 1, 5), None), Step::Append(row(3, 5)));
    assert_eq!(
        ask(row(3, 5), take(4, 1, 5), Some(&appended(5))),
        Step::Again(row(3, 5), Answer::Already(position(9)))
    );
}

#[test]
fn a_final_refusal_takes_the_number() {
    let verdict = Verdict::Refuse(denial());
    let asked = Asked { number: 1, settled: 1, id: 5, verdict: &verdict };
    assert_eq!(ask(row(0, 1), asked, None), Step::Refuse(row(1, 2), denial()));
}

#[test]
fn what_was_appended_is_answered_already() {
    let step = ask(row(0, 3), take(1, 1, 5), Some(&appended(5)));
    assert_eq!(step, Step::Again(row(1, 3), Answer::Already(position(9))));
}

#[test]
fn what_was_refused_is_refused_again_whatever_the_verdict_is_now() {
    let step = ask(row(0, 3), take(1, 0, 5), Some(&refused(5)));
    assert_eq!(step, Step::Again(row(0, 3), Answer::Refused(denial())));
}

#[test]
fn what_was_appended_stays_appended_whatever_the_verdict_is_now() {
    for verdict in [Verdict::Refuse(denial()), Verdict::Later(Duration::from_secs(1))] {
        let asked = Asked { number: 2, settled: 0, id: 5, verdict: &verdict };
        let step = ask(row(0, 3), asked, Some(&appended(5)));
        assert_eq!(step, Step::Again(row(0, 3), Answer::Already(position(9))));
    }
}

#[test]
fn another_id_under_the_same_number_is_a_conflict() {
    for recorded in [appended(5), refused(5)] {
        assert_eq!(ask(row(0, 3), take(2, 2, 6), Some(&recorded)), Step::Answer(Answer::Conflict));
    }
}

#[test]
fn a_number_below_settled_is_a_conflict() {
    assert_eq!(ask(row(2, 3), take(1, 0, 5), None), Step::Answer(Answer::Conflict));
    assert_eq!(ask(row(3, 3), take(2, 0, 5), None), Step::Answer(Answer::Conflict));
}

#[test]
fn a_number_that_its_own_publisher_calls_settled_is_a_conflict() {
    assert_eq!(ask(row(0, 3), take(1, 2, 5), Some(&appended(5))), Step::Answer(Answer::Conflict));
    assert_eq!(ask(row(0, 3), take(3, 4, 5), None), Step::Answer(Answer::Conflict));
}

#[test]
fn a_number_beyond_the_next_is_told_which_is_expected() {
    assert_eq!(ask(Row::default(), take(1, 0, 5), None), Step::Answer(Answer::Expected(0)));
    // Even where it claims to have settled what the log has never seen: the log went back, and must say so.
    assert_eq!(ask(row(2, 5), take(50, 50, 5), None), Step::Answer(Answer::Expected(5)));
}

#[test]
fn the_row_is_asked_before_the_verdict() {
    for verdict in [Verdict::Refuse(denial()), Verdict::Later(Duration::from_secs(1))] {
        let beyond = Asked { number: 4, settled: 0, id: 5, verdict: &verdict };
        assert_eq!(ask(row(0, 3), beyond, None), Step::Answer(Answer::Expected(3)));
        let below = Asked { number: 0, settled: 0, id: 5, verdict: &verdict };
        assert_eq!(ask(row(1, 3), below, None), Step::Answer(Answer::Conflict));
    }
}

#[test]
fn a_passing_refusal_takes_no_number_and_settles_nothing() {
    let verdict = Verdict::Later(Duration::from_millis(250));
    let asked = Asked { number: 3, settled: 3, id: 5, verdict: &verdict };
    assert_eq!(ask(row(0, 3), asked, None), Step::Answer(Answer::RetryAfter(250)));
}

#[test]
fn so_many_may_be_unsettled_and_no_more() {
    let last = MAX_UNSETTLED - 1;
    assert_eq!(ask(row(0, last), take(last, 0, 5), None), Step::Append(row(0, last + 1)));
    let full = row(0, MAX_UNSETTLED);
    assert_eq!(full.ask(take(MAX_UNSETTLED, 0, 5), None), Err(LogError::Unsettled));
    assert_eq!(ask(full, take(MAX_UNSETTLED, 1, 5), None), Step::Append(row(1, MAX_UNSETTLED + 1)));
    // A refusal is an outcome too.
    let verdict = Verdict::Refuse(denial());
    let asked = Asked { number: MAX_UNSETTLED, settled: 0, id: 5, verdict: &verdict };
    assert_eq!(full.ask(asked, None), Err(LogError::Unsettled));
}

#[test]
fn a_lost_outcome_is_never_guessed() {
    assert!(matches!(row(0, 3).ask(take(1, 0, 5), None), Err(LogError::Corrupt(_))));
}

/// All that a publisher could ask with numbers, ids and verdicts in a small range, from every row that can be: the
/// answer is read off the whole history, of which the row and its outcomes are only the part that is kept.
#[test]
fn every_question_to_every_short_history_is_answered_as_the_whole_history_says() {
    let verdicts = [Verdict::Take, Verdict::Refuse(denial()), Verdict::Later(Duration::from_millis(9))];
    for next in 0..4_u64 {
        for refusals in 0..1_u64 << next {
            let history: BTreeMap<u64, Recorded> = (0..next)
                .map(|n| (n, if refusals >> n & 1 == 1 { refused(n) } else { appended(n) }))
                .collect();
            for settled in 0..=next {
                for number in 0..6 {
                    for says_settled in 0..6 {
                        for id in 0..6 {
                            for verdict in &verdicts {
                                let asked = Asked { number, settled: says_settled, id, verdict };
                                check(row(settled, next), &history, asked);
                            }
                        }
                    }
                }
            }
        }
    }
}

fn check(before: Row, history: &BTreeMap<u64, Recorded>, asked: Asked<'_>) {
    let kept = history.get(&asked.number).filter(|_| before.remembers(asked.number));
    let step = before.ask(asked, kept).unwrap();
    let after = Row { settled: before.settled.max(asked.settled), ..before };
    let contradiction = asked.number < before.settled || asked.number < asked.settled;
    let expected = if asked.number > before.next {
        Step::Answer(Answer::Expected(before.next))
    } else if contradiction {
        Step::Answer(Answer::Conflict)
    } else if let Some(known) = history.get(&asked.number) {
        match (known.id == asked.id, &known.outcome) {
            (false, _) => Step::Answer(Answer::Conflict),
            (true, Outcome::Appended(position)) => Step::Again(after, Answer::Already(*position)),
            (true, Outcome::Refused(denial)) => Step::Again(after, Answer::Refused(denial.clone())),
        }
    } else {
        let after = Row { next: asked.number + 1, ..after };
        match asked.verdict {
            Verdict::Take => Step::Append(after),
            Verdict::Refuse(denial) => Step::Refuse(after, denial.clone()),
            Verdict::Later(_) => Step::Answer(Answer::RetryAfter(9)),
        }
    };
    assert_eq!(step, expected, "{before:?} {asked:?}");
    if let Step::Again(row, _) | Step::Append(row) | Step::Refuse(row, _) = step {
        assert!(row.settled <= row.next, "{row:?}");
        assert!(row.settled >= before.settled && row.next >= before.next, "{row:?}");
    }
}
