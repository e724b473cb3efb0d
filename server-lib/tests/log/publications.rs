//! What a publisher is answered.

use std::time::Duration;

use futures_util::future::join_all;
use rejoin_protocol::wire::{Answer, Position};
use rejoin_server::log::{Append, LogError, MAX_PIECE, MAX_UNSETTLED, Retention, Verdict};

use crate::rig::{Rig, answer, append, append_all, denial, offsets, publication, publisher, read, texts};

pub(crate) async fn numbers_are_answered_by_the_rules(rig: impl Rig) {
    let log = rig.log();
    let places = append_all(log, 0, &["a", "b"]).await;
    assert_eq!(answer(log, publication(1, "b")).await, Ok(Answer::Already(places[1])));
    assert_eq!(answer(log, publication(0, "a")).await, Ok(Answer::Already(places[0])));
    let stranger = Append { id: 5, ..publication(1, "other") };
    assert_eq!(answer(log, stranger).await, Ok(Answer::Conflict));
    assert_eq!(answer(log, publication(3, "d")).await, Ok(Answer::Expected(2)));
    let later = Append { verdict: Verdict::Later(Duration::from_millis(70)), ..publication(2, "c") };
    assert_eq!(answer(log, later).await, Ok(Answer::RetryAfter(70)));
    let settling = Append { settled: 2, ..publication(2, "c") };
    append(log, settling).await;
    assert_eq!(answer(log, publication(1, "b")).await, Ok(Answer::Conflict));
    // Another channel and another publisher have numbers of their own.
    append(log, Append { channel: "other".into(), ..publication(0, "x") }).await;
    append(log, Append { publisher: publisher(2), ..publication(0, "d") }).await;
    assert_eq!(texts(&read(log, Position::default()).await), ["a", "b", "c", "d"]);
}

pub(crate) async fn a_refusal_is_repeated(mut rig: impl Rig) {
    let refused = Append { verdict: Verdict::Refuse(denial()), ..publication(1, "no") };
    append(rig.log(), publication(0, "a")).await;
    assert_eq!(answer(rig.log(), refused.clone()).await, Ok(Answer::Refused(denial())));
    append(rig.log(), publication(2, "c")).await;
    rig.restart().await;
    let allowed = Append { verdict: Verdict::Take, ..refused };
    assert_eq!(answer(rig.log(), allowed).await, Ok(Answer::Refused(denial())));
    // And what was taken stays taken when it would be refused now.
    let forbidden = Append { verdict: Verdict::Refuse(denial()), ..publication(2, "c") };
    assert!(matches!(answer(rig.log(), forbidden).await, Ok(Answer::Already(_))));
    assert_eq!(texts(&read(rig.log(), Position::default()).await), ["a", "c"]);
}

pub(crate) async fn outcomes_survive(mut rig: impl Rig) {
    let places = append_all(rig.log(), 0, &["a", "b", "c"]).await;
    rig.restart().await;
    let settling = Append { settled: 1, ..publication(2, "c") };
    assert_eq!(answer(rig.log(), settling).await, Ok(Answer::Already(places[2])));
    rig.restart().await;
    assert_eq!(answer(rig.log(), publication(0, "a")).await, Ok(Answer::Conflict));
    assert_eq!(answer(rig.log(), publication(1, "b")).await, Ok(Answer::Already(places[1])));
    append(rig.log(), publication(3, "d")).await;
}

pub(crate) async fn pipelined(rig: impl Rig) {
    let log = rig.log();
    let begun: Vec<_> = (0..500).map(|n| log.append(publication(n, &n.to_string()))).collect();
    // Awaited in the opposite order: they were begun when they were made.
    let mut answers = join_all(begun.into_iter().rev()).await;
    answers.reverse();
    let told: Vec<u64> = answers
        .into_iter()
        .map(|answer| match answer {
            Ok(Answer::Appended(position)) => position.offset,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(told, (1..=500).collect::<Vec<_>>());
    let entries = read(log, Position::default()).await;
    assert_eq!(offsets(&entries), told);
    assert!(entries.iter().enumerate().all(|(n, entry)| entry.number == n as u64));
}

pub(crate) async fn two_writers_share_numbers(rig: impl Rig) {
    let (first, second) = (rig.log(), rig.writer());
    let place = append(first, publication(0, "a")).await;
    // The client has switched to another instance in the middle, and sends all that is unanswered.
    assert_eq!(answer(&*second, publication(0, "a")).await, Ok(Answer::Already(place)));
    append(&*second, publication(1, "b")).await;
    assert!(matches!(answer(first, publication(1, "b")).await, Ok(Answer::Already(_))));
    append(first, publication(2, "c")).await;
    assert_eq!(texts(&read(first, Position::default()).await), ["a", "b", "c"]);
}

pub(crate) async fn unsettled_are_bounded(rig: impl Rig) {
    let log = rig.log();
    let answers = join_all((0..MAX_UNSETTLED).map(|n| log.append(publication(n, "x")))).await;
    assert!(answers.iter().all(|answer| matches!(answer, Ok(Answer::Appended(_)))));
    assert_eq!(answer(log, publication(MAX_UNSETTLED, "x")).await, Err(LogError::Unsettled));
    append(log, Append { settled: 1, ..publication(MAX_UNSETTLED, "x") }).await;
    // The most that one piece holds, and the rest.
    let piece = read(log, Position::default()).await;
    assert_eq!(piece.len(), MAX_PIECE);
    assert_eq!(texts(&read(log, piece[MAX_PIECE - 1].position).await), ["x"]);
}

pub(crate) async fn expiry(mut rig: impl Rig) {
    let day = 24 * 3600 * 1000;
    // Of the entries none is kept; the publishers are all the same.
    let mut retention = Retention::everything();
    retention.entries = Some(0);
    rig.retain(retention).await;
    let start = 5_000_000;
    rig.at(start);
    append(rig.log(), publication(0, "a")).await;
    append(rig.log(), Append { channel: "other".into(), ..publication(0, "a") }).await;
    append(rig.log(), Append { publisher: publisher(2), ..publication(0, "a") }).await;
    append(rig.log(), Append { publisher: publisher(3), ..publication(0, "a") }).await;
    rig.at(start + day / 2);
    append(rig.log(), Append { publisher: publisher(3), ..publication(1, "b") }).await;
    rig.log().touch(publisher(1)).await.unwrap();
    rig.log().trim().await.unwrap();
    assert!(matches!(answer(rig.log(), publication(0, "a")).await, Ok(Answer::Already(_))));
    rig.log().touch(publisher(1)).await.unwrap();
    rig.at(start + day + 1);
    rig.log().trim().await.unwrap();
    assert!(rig.log().knows(publisher(1)).await.unwrap());
    assert!(!rig.log().knows(publisher(2)).await.unwrap());
    assert!(rig.log().knows(publisher(3)).await.unwrap());
    rig.at(start + day / 2 + day + 1);
    rig.log().trim().await.unwrap();
    rig.restart().await;
    assert!(!rig.log().knows(publisher(1)).await.unwrap());
    for channel in ["room", "other"] {
        let next = Append { channel: channel.into(), ..publication(1, "b") };
        assert_eq!(answer(rig.log(), next).await, Ok(Answer::Expected(0)));
    }
}

pub(crate) async fn touch_revives_nobody(mut rig: impl Rig) {
    rig.log().touch(publisher(1)).await.unwrap();
    assert!(!rig.log().knows(publisher(1)).await.unwrap());
    append(rig.log(), publication(0, "a")).await;
    assert!(rig.log().knows(publisher(1)).await.unwrap());
    rig.restart().await;
    assert!(rig.log().knows(publisher(1)).await.unwrap());
}
