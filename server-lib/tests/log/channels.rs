//! What a channel tells.

use std::time::Duration;

use rejoin_protocol::wire::{Body, GapReason, Missing, Position, Since};
use rejoin_server::log::{Append, Log, Piece, Retention};

use crate::rig::{Rig, append, append_all, gap, locate, offsets, publication, publisher, read, texts};

pub(crate) async fn entries_are_told_as_they_were_published(mut rig: impl Rig) {
    let binary = Body::from(&[0, 255, 7]);
    rig.at(1_234_567);
    let first = append(rig.log(), publication(0, "")).await;
    let second = Append {
        publisher: publisher(2),
        alias: u64::MAX,
        id: u64::MAX,
        payload: binary.clone(),
        ..publication(0, "")
    };
    let second = append(rig.log(), second).await;
    rig.restart().await;
    let entries = read(rig.log(), Position::default()).await;
    assert_eq!(entries.len(), 2);
    assert_eq!((entries[0].position, entries[1].position), (first, second));
    assert_eq!((first.offset, second.offset), (1, 2));
    assert_eq!((entries[0].alias, entries[1].alias), (11, u64::MAX));
    assert_eq!((entries[0].payload.len(), &entries[1].payload), (0, &binary));
    assert!(entries.iter().all(|entry| entry.distance == 1 && entry.time == 1_234_567 && entry.number == 0));
}

pub(crate) async fn times_never_go_back(mut rig: impl Rig) {
    rig.at(2_000);
    append(rig.log(), publication(0, "a")).await;
    rig.at(1_000);
    append(rig.log(), publication(1, "b")).await;
    rig.restart().await;
    append(rig.log(), publication(2, "c")).await;
    append(rig.log(), Append { channel: "other".into(), ..publication(0, "x") }).await;
    rig.at(3_000);
    append(rig.log(), publication(3, "d")).await;
    let times: Vec<u64> = read(rig.log(), Position::default()).await.iter().map(|entry| entry.time).collect();
    assert_eq!(times, [2_000, 2_000, 2_000, 3_000]);
    let other = rig.log().read("other", Position::default(), 10).await;
    assert!(matches!(other, Ok(Piece::Entries(entries)) if entries[0].time == 1_000));
}

pub(crate) async fn pieces(rig: impl Rig) {
    let log = rig.log();
    let places = append_all(log, 0, &["12345", "12345", "12345", ""]).await;
    for (max_bytes, expected) in [(0, 1), (4, 1), (5, 1), (9, 1), (10, 2), (15, 4), (99, 4)] {
        let Ok(Piece::Entries(entries)) = log.read("room", Position::default(), max_bytes).await else {
            panic!("no entries");
        };
        assert_eq!(entries.len(), expected, "{max_bytes} bytes");
    }
    assert_eq!(offsets(&read(log, places[1]).await), [3, 4]);
    assert_eq!(offsets(&read(log, places[3]).await), Vec::<u64>::new());
    assert_eq!(log.read("nobody", Position::default(), 9).await, Ok(Piece::Entries(Vec::new())));
}

pub(crate) async fn looking_back(mut rig: impl Rig) {
    append_all(rig.log(), 0, &["aa", "bb", "cc", "dd", "ee"]).await;
    async fn back(log: &dyn Log, before: u64, count: usize, max_bytes: usize) -> Vec<u64> {
        offsets(&log.read_back("room", before, count, max_bytes).await.unwrap())
    }
    assert_eq!(back(rig.log(), 5, 2, 99).await, [3, 4]);
    assert_eq!(back(rig.log(), 6, 9, 99).await, [1, 2, 3, 4, 5]);
    assert_eq!(back(rig.log(), u64::MAX, 1, 99).await, [5]);
    assert_eq!(back(rig.log(), 5, 9, 5).await, [3, 4]);
    assert_eq!(back(rig.log(), 5, 9, 1).await, Vec::<u64>::new());
    assert_eq!(back(rig.log(), 1, 9, 99).await, Vec::<u64>::new());
    assert_eq!(back(rig.log(), 0, 9, 99).await, Vec::<u64>::new());
    let mut retention = Retention::everything();
    retention.entries = Some(2);
    rig.retain(retention).await;
    rig.log().trim().await.unwrap();
    assert_eq!(back(rig.log(), 6, 9, 99).await, [4, 5]);
    assert_eq!(back(rig.log(), 3, 9, 99).await, Vec::<u64>::new());
    assert_eq!(rig.log().read_back("nobody", 6, 9, 99).await, Ok(Vec::new()));
}

pub(crate) async fn names(mut rig: impl Rig) {
    assert_eq!(rig.log().channels("", 9).await, Ok(Vec::new()));
    // In the order of bytes, whatever a language has to say of it.
    for channel in ["b", "a/2", "B", "a/10", "ä"] {
        append(rig.log(), Append { channel: channel.into(), ..publication(0, "x") }).await;
    }
    rig.restart().await;
    async fn names(log: &dyn Log, behind: &str, most: usize) -> Vec<String> {
        log.channels(behind, most).await.unwrap()
    }
    assert_eq!(names(rig.log(), "", 9).await, ["B", "a/10", "a/2", "b", "ä"]);
    assert_eq!(names(rig.log(), "", 2).await, ["B", "a/10"]);
    assert_eq!(names(rig.log(), "a/10", 2).await, ["a/2", "b"]);
    assert_eq!(names(rig.log(), "ä", 2).await, Vec::<String>::new());
    assert_eq!(names(rig.log(), "", 0).await, Vec::<String>::new());
    // One whose entries have all been trimmed has none.
    append(rig.log(), Append { channel: "b".into(), number: 1, id: 77, ..publication(1, "y") }).await;
    let mut retention = Retention::everything();
    retention.entries = Some(0);
    rig.retain(retention).await;
    rig.log().trim().await.unwrap();
    append(rig.log(), Append { channel: "b".into(), number: 2, id: 78, ..publication(2, "z") }).await;
    assert_eq!(names(rig.log(), "", 9).await, ["b"]);
}

pub(crate) async fn tails(rig: impl Rig) {
    let log = rig.log();
    let mut watched = log.tail("room").await.unwrap();
    assert_eq!(*watched.borrow(), Position::default());
    assert!(!watched.has_changed().unwrap());
    let place = append(log, publication(0, "a")).await;
    watched.changed().await.unwrap();
    assert_eq!(*watched.borrow_and_update(), place);
    // What another writer appends is seen here too, and whoever comes later starts from it.
    let place = append(&*rig.writer(), publication(1, "b")).await;
    watched.changed().await.unwrap();
    assert_eq!(*watched.borrow_and_update(), place);
    let late = log.tail("room").await.unwrap();
    assert_eq!((*late.borrow(), late.has_changed().unwrap()), (place, false));
}

pub(crate) async fn since(rig: impl Rig) {
    let log = rig.log();
    for since in [Since::Now, Since::All, Since::Last(3)] {
        let start = locate(log, since).await;
        assert_eq!((start.at, start.recovered, start.missing), (Position::default(), false, None));
    }
    assert!(locate(log, Since::Position(Position::default())).await.recovered);
    let places = append_all(log, 0, &["a", "b", "c"]).await;
    assert_eq!(locate(log, Since::Now).await.at, places[2]);
    assert_eq!(locate(log, Since::Last(1)).await.at, places[1]);
    assert_eq!(locate(log, Since::Last(0)).await.at, places[2]);
    for since in [Since::All, Since::Last(3), Since::Last(u64::MAX)] {
        let at = locate(log, since).await.at;
        assert_eq!(texts(&read(log, at).await), ["a", "b", "c"]);
    }
    let start = locate(log, Since::Position(places[0])).await;
    assert_eq!((start.at, start.recovered, start.missing), (places[0], true, None));
    assert!(locate(log, Since::Position(Position::default())).await.recovered);
}

pub(crate) async fn trimming(mut rig: impl Rig) {
    let places = append_all(rig.log(), 0, &["a", "b", "c", "d"]).await;
    let mut retention = Retention::everything();
    retention.entries = Some(2);
    rig.retain(retention).await;
    rig.log().trim().await.unwrap();
    let missing = Missing { from: 1, to: 2, reason: GapReason::Trimmed };
    assert_eq!(gap(rig.log(), Position::default()).await, (places[1], missing));
    let missing = Missing { from: 2, to: 2, reason: GapReason::Trimmed };
    assert_eq!(gap(rig.log(), places[0]).await, (places[1], missing));
    assert_eq!(texts(&read(rig.log(), places[1]).await), ["c", "d"]);
    let all = locate(rig.log(), Since::All).await;
    assert_eq!((all.at, all.missing), (places[1], None));
    // When all is trimmed, the channel still knows where it is.
    retention.entries = Some(0);
    rig.retain(retention).await;
    rig.log().trim().await.unwrap();
    rig.restart().await;
    for since in [Since::Now, Since::All, Since::Last(2), Since::Position(places[3])] {
        assert_eq!(locate(rig.log(), since).await.at, places[3]);
    }
    assert_eq!(*rig.log().tail("room").await.unwrap().borrow(), places[3]);
    assert_eq!(append(rig.log(), publication(4, "e")).await.offset, 5);
    assert_eq!(texts(&read(rig.log(), places[3]).await), ["e"]);
}

pub(crate) async fn age_and_bytes(mut rig: impl Rig) {
    for (number, now) in [(0, 1_000), (1, 2_000), (2, 3_000), (3, 4_000)] {
        rig.at(now);
        append(rig.log(), publication(number, "1234567890")).await;
    }
    let mut retention = Retention::everything();
    retention.age = Some(Duration::from_millis(2_000));
    rig.retain(retention).await;
    rig.log().trim().await.unwrap();
    assert_eq!(locate(rig.log(), Since::All).await.at.offset, 1);
    retention.age = None;
    // 64 and the payload for each.
    retention.bytes = Some(2 * 74);
    rig.retain(retention).await;
    rig.log().trim().await.unwrap();
    assert_eq!(locate(rig.log(), Since::All).await.at.offset, 2);
    retention.bytes = Some(2 * 74 - 1);
    rig.retain(retention).await;
    rig.log().trim().await.unwrap();
    assert_eq!(locate(rig.log(), Since::All).await.at.offset, 3);
}
