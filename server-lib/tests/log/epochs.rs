//! Epochs over restarts, between writers, and when they are trimmed.

use rejoin_protocol::wire::{Epoch, GapReason, Missing, Position, Since};
use rejoin_server::log::{Append, Retention, Verdict};

use crate::rig::{Rig, answer, append, append_all, denial, gap, locate, publication, read, texts};

pub(crate) async fn every_start_opens_an_epoch(mut rig: impl Rig) {
    let first = append_all(rig.log(), 0, &["a", "b"]).await;
    assert_eq!(first[0].epoch, first[1].epoch);
    rig.restart().await;
    // A start alone opens nothing, nor does what leaves no entry.
    let refused = Append { verdict: Verdict::Refuse(denial()), ..publication(2, "no") };
    answer(rig.log(), refused).await.unwrap();
    assert_eq!(locate(rig.log(), Since::Now).await.at, first[1]);
    let third = append(rig.log(), publication(3, "c")).await;
    assert_eq!(third.offset, 3);
    assert_eq!(third.epoch.ordinal, first[0].epoch.ordinal + 1);
    assert_ne!(third.epoch.id, first[0].epoch.id);
    let entries = read(rig.log(), Position::default()).await;
    let places: Vec<Position> = entries.iter().map(|entry| entry.position).collect();
    assert_eq!(places, [first[0], first[1], third]);
    // Each channel has epochs of its own.
    let other = append(rig.log(), Append { channel: "other".into(), ..publication(0, "x") }).await;
    assert_eq!((other.epoch.ordinal, other.offset), (1, 1));
}

pub(crate) async fn two_writers(rig: impl Rig) {
    let (first, second) = (rig.log(), rig.writer());
    let a = append(first, publication(0, "a")).await;
    let b = append(&*second, publication(1, "b")).await;
    assert_eq!(b.epoch.ordinal, a.epoch.ordinal + 1);
    // The first one has its epoch already, and writes into the newest.
    let c = append(first, publication(2, "c")).await;
    assert_eq!((c.epoch, c.offset), (b.epoch, 3));
    let d = append(&*second, publication(3, "d")).await;
    assert_eq!((d.epoch, d.offset), (b.epoch, 4));
    for (behind, rest) in [(a, 3), (b, 2), (c, 1), (d, 0)] {
        assert!(locate(&*second, Since::Position(behind)).await.recovered);
        assert_eq!(read(first, behind).await.len(), rest);
    }
    let beyond = Position { offset: 2, ..a };
    let missing = Missing { from: 2, to: 2, reason: GapReason::Truncated };
    assert_eq!(gap(first, beyond).await, (a, missing));
}

pub(crate) async fn positions_survive(mut rig: impl Rig) {
    let places = append_all(rig.log(), 0, &["a", "b"]).await;
    rig.restart().await;
    for place in &places {
        assert!(locate(rig.log(), Since::Position(*place)).await.recovered);
    }
    append(rig.log(), publication(2, "c")).await;
    assert_eq!(texts(&read(rig.log(), places[0]).await), ["b", "c"]);
    assert_eq!(texts(&read(rig.log(), places[1]).await), ["c"]);
}

pub(crate) async fn trimmed_epochs(mut rig: impl Rig) {
    let first = append_all(rig.log(), 0, &["a", "b"]).await;
    rig.restart().await;
    let second = append_all(rig.log(), 2, &["c", "d"]).await;
    let mut retention = Retention::everything();
    retention.entries = Some(3);
    rig.retain(retention).await;
    rig.log().trim().await.unwrap();
    // The first epoch's end is still there, so that its positions can be judged.
    let beyond = Position { offset: 9, ..first[1] };
    assert_eq!(gap(rig.log(), beyond).await.0, first[1]);
    assert!(locate(rig.log(), Since::Position(first[1])).await.recovered);
    let third = append(rig.log(), publication(4, "e")).await;
    retention.entries = Some(2);
    rig.retain(retention).await;
    rig.log().trim().await.unwrap();
    // Now all of it is gone: it is older than the oldest that is kept, and the feed goes on from the watermark.
    let (at, missing) = gap(rig.log(), first[0]).await;
    assert_eq!((at, missing), (second[0], Missing { from: 2, to: 3, reason: GapReason::Trimmed }));
    assert_eq!(texts(&read(rig.log(), at).await), ["d", "e"]);
    assert!(locate(rig.log(), Since::Position(third)).await.recovered);
    let forged = Position { epoch: Epoch { ordinal: 1, id: 99 }, offset: 1_000 };
    assert_eq!(gap(rig.log(), forged).await.0, second[0]);
    // A writer whose epoch has gone opens another, and goes on.
    retention.entries = Some(0);
    rig.retain(retention).await;
    let writer = rig.writer();
    let own = append(rig.log(), publication(5, "f")).await;
    let other = append(&*writer, publication(6, "g")).await;
    rig.log().trim().await.unwrap();
    let again = append(rig.log(), publication(7, "h")).await;
    assert!(own.epoch.ordinal < other.epoch.ordinal && other.epoch.ordinal < again.epoch.ordinal);
    assert_eq!(append(&*writer, publication(8, "i")).await.epoch, again.epoch);
    assert_eq!(texts(&read(rig.log(), other).await), ["h", "i"]);
}

pub(crate) async fn unknown_epochs(mut rig: impl Rig) {
    append_all(rig.log(), 0, &["a", "b"]).await;
    rig.restart().await;
    let tail = append(rig.log(), publication(2, "c")).await;
    for (ordinal, offset) in [(1, 1), (2, 3), (3, 1), (u64::MAX >> 11, 1 << 52)] {
        let forged = Position { epoch: Epoch { ordinal, id: 99 }, offset };
        let (at, missing) = gap(rig.log(), forged).await;
        assert_eq!((at, missing.reason), (tail, GapReason::UnknownEpoch));
        assert!(missing.to < missing.from);
    }
    let known = Position { epoch: Epoch { ordinal: 1, id: 99 }, offset: 1 };
    let start = rig.log().locate("nobody", Since::Position(known)).await.unwrap();
    assert_eq!((start.at, start.recovered), (Position::default(), false));
    assert_eq!(start.missing.unwrap().reason, GapReason::UnknownEpoch);
}
