//! A log restored from an older backup never passes other entries off as those that were seen.

use rejoin_protocol::wire::{Answer, GapReason, Missing, Position, Since};

use crate::rig::{Rig, answer, append, append_all, gap, locate, publication, read, texts};

pub(crate) async fn the_lost_tail_is_a_gap(mut rig: impl Rig) {
    let places = append_all(rig.log(), 0, &["a", "b"]).await;
    let saved = rig.backup().await;
    rig.restart().await;
    let lost = append_all(rig.log(), 2, &["c", "d"]).await;
    rig.restore(saved.clone()).await;
    // Whoever saw the lost entries asks before anybody has published again.
    for place in &lost {
        let (at, missing) = gap(rig.log(), *place).await;
        assert_eq!((at, missing.reason), (places[1], GapReason::UnknownEpoch));
    }
    // And after: the offsets are used again, by other entries of another epoch with the same ordinal.
    let other = append_all(rig.log(), 2, &["C", "D", "E"]).await;
    assert_eq!((other[0].offset, other[0].epoch.ordinal), (lost[0].offset, lost[0].epoch.ordinal));
    for place in &lost {
        let (at, missing) = gap(rig.log(), *place).await;
        assert_eq!((at, missing.reason), (other[2], GapReason::UnknownEpoch));
    }
    // Who had seen no more than the backup misses nothing.
    assert!(locate(rig.log(), Since::Position(places[1])).await.recovered);
    assert_eq!(texts(&read(rig.log(), places[1]).await), ["C", "D", "E"]);
}

pub(crate) async fn a_lost_epoch_is_a_gap(mut rig: impl Rig) {
    // The backup is made in the middle of an epoch, whose writer goes on: its later positions lie beyond its end.
    let places = append_all(rig.log(), 0, &["a", "b"]).await;
    let saved = rig.backup().await;
    let lost = append_all(rig.log(), 2, &["c", "d"]).await;
    assert_eq!(lost[1].epoch, places[0].epoch);
    rig.restore(saved).await;
    let (at, missing) = gap(rig.log(), lost[1]).await;
    assert_eq!((at, missing), (places[1], Missing { from: 3, to: 4, reason: GapReason::Truncated }));
    append_all(rig.log(), 2, &["C", "D", "E"]).await;
    let (at, missing) = gap(rig.log(), lost[0]).await;
    assert_eq!((at, missing), (places[1], Missing { from: 3, to: 3, reason: GapReason::Truncated }));
    assert_eq!(texts(&read(rig.log(), at).await), ["C", "D", "E"]);
}

pub(crate) async fn publishers_are_told(mut rig: impl Rig) {
    append(rig.log(), publication(0, "a")).await;
    let saved = rig.backup().await;
    append_all(rig.log(), 1, &["b", "c"]).await;
    rig.restore(saved).await;
    assert_eq!(answer(rig.log(), publication(3, "d")).await, Ok(Answer::Expected(1)));
    assert_eq!(texts(&read(rig.log(), Position::default()).await), ["a"]);
}
