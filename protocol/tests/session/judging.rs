//! What becomes of a HELLO, case by case.

use rejoin_protocol::session::{Claim, HelloRefusal, Judgement, ServerSession, code};
use rejoin_protocol::wire::{Hello, Outcome};

use crate::pair::Pair;

fn welcome(outcome: Outcome) -> Judgement {
    Judgement::Welcome { outcome, disagreed: false }
}

/// The HELLO of a client that comes back, and the server's memory of it.
fn back() -> (Hello, Pair) {
    let mut pair = Pair::new();
    pair.connect();
    pair.run();
    pair.cut();
    (pair.hello(), pair)
}

fn judge(hello: &Hello, session: Option<&ServerSession>) -> Judgement {
    Claim { hello, proven: true, session, known: true, young: true, age_ms: 0 }.judge()
}

#[test]
fn who_comes_back_to_a_memory_of_it_is_resumed_whatever_its_age() {
    let (hello, pair) = back();
    for (known, young) in [(true, true), (false, true), (true, false), (false, false)] {
        let claim =
            Claim { hello: &hello, proven: true, session: Some(&pair.session), known, young, age_ms: 0 };
        assert_eq!(claim.judge(), welcome(Outcome::Resumed));
    }
}

#[test]
fn without_a_memory_the_identity_is_kept_while_it_can_have_rows() {
    let (hello, _) = back();
    for (known, young, outcome) in [
        (true, true, Outcome::Kept),
        (true, false, Outcome::Kept),
        (false, true, Outcome::Kept),
        (false, false, Outcome::Fresh),
    ] {
        let claim = Claim { hello: &hello, proven: true, session: None, known, young, age_ms: 0 };
        assert_eq!(claim.judge(), welcome(outcome), "{known} {young}");
    }
}

#[test]
fn what_is_not_proven_or_not_claimed_is_fresh() {
    let (mut hello, pair) = back();
    let claim = Claim {
        hello: &hello,
        proven: false,
        session: Some(&pair.session),
        known: true,
        young: true,
        age_ms: 0,
    };
    assert_eq!(claim.judge(), welcome(Outcome::Fresh));
    hello.resume = None;
    assert_eq!(judge(&hello, Some(&pair.session)), welcome(Outcome::Fresh));
}

#[test]
fn an_attempt_that_is_not_the_newest_is_refused() {
    let (mut hello, pair) = back();
    for attempt in [0, pair.session.attempt()] {
        hello.attempt = attempt;
        assert_eq!(judge(&hello, Some(&pair.session)), Judgement::Refused(HelloRefusal::Abandoned));
    }
    assert_eq!(HelloRefusal::Abandoned.code(), code::TAKEN_OVER);
    assert!(HelloRefusal::Abandoned.reason().contains("later connection"));
    hello.attempt = pair.session.attempt() + 1;
    assert_eq!(judge(&hello, Some(&pair.session)), welcome(Outcome::Resumed));
}

#[test]
fn another_incarnation_or_none_is_kept() {
    let (mut hello, pair) = back();
    let mut resume = hello.resume.unwrap();
    for incarnation in [None, Some(pair.session.incarnation() + 1)] {
        resume.incarnation = incarnation;
        hello.resume = Some(resume);
        assert_eq!(judge(&hello, Some(&pair.session)), welcome(Outcome::Kept));
    }
}

#[test]
fn ends_that_disagree_are_kept_and_said_to() {
    let (right, pair) = back();
    let disagreed = Judgement::Welcome { outcome: Outcome::Kept, disagreed: true };
    for wrong in 0..3 {
        let mut hello = right.clone();
        match wrong {
            0 => hello.standing.received += 1,
            1 => hello.standing.position += 1,
            _ => (hello.standing.send_first, hello.standing.send_next) = (1, 1),
        }
        assert_eq!(judge(&hello, Some(&pair.session)), disagreed, "{wrong}");
    }
}

#[test]
fn an_attempt_that_a_session_cannot_have_reached_is_refused() {
    let (hello, pair) = back();
    let judge = |session, attempt, age_ms| {
        let hello = Hello { attempt, ..hello.clone() };
        Claim { hello: &hello, proven: true, session, known: true, young: true, age_ms }.judge()
    };
    let refused = Judgement::Refused(HelloRefusal::TooFarAhead);
    let now = pair.session.attempt();
    let in_memory = Some(&pair.session);
    assert_ne!(judge(in_memory, now + 1_024, 0), refused);
    for attempt in [now + 1_025, 1 << 40, (1 << 53) - 1] {
        assert_eq!(judge(in_memory, attempt, u64::MAX), refused);
    }
    // Of a session that another process had, the age is all that is known.
    assert_ne!(judge(None, 1_024, 0), refused);
    assert_eq!(judge(None, 1_025, 99), refused);
    assert_ne!(judge(None, 1_025, 100), refused);
    assert_eq!(judge(None, (1 << 53) - 1, 24 * 3_600 * 1_000), refused);
}
