//! What must be so of what everybody has seen.

use std::collections::{HashMap, HashSet};

use participant::{Loss, Seen};

use crate::content::{number, read};

/// Everybody saw every entry of each room once, in one order; every receipt says where its entry is; and each
/// publisher's entries are in its own order.
pub(crate) fn channels(seen: &[Seen], publications: usize) {
    for room in 0..2 {
        let log = &seen[0].rooms[room];
        assert_eq!(log.len(), publications, "entries of room {room}");
        assert!(log.windows(2).all(|pair| pair[0].offset < pair[1].offset), "the order of offsets");
        for one in seen {
            assert!(one.odd.is_empty(), "{:?}", one.odd);
            if let Some(at) = (0..publications).find(|at| one.rooms[room].get(*at) != log.get(*at)) {
                panic!("entry {at} of room {room}: {:?} and {:?}", one.rooms[room].get(at), log[at]);
            }
            assert_eq!(one.rooms[room].len(), publications);
        }
        let mut last: HashMap<String, usize> = HashMap::new();
        let mut all = HashSet::new();
        for entry in log {
            let (author, number) = read(&entry.payload);
            assert!(all.insert(number), "publication {number} is twice in room {room}");
            if let Some(before) = last.insert(author, number) {
                assert!(before < number, "publication {number} came behind {before}");
            }
        }
        assert_eq!(all.len(), publications);
        let places: HashMap<_, _> = log.iter().map(|entry| (&entry.payload, entry.offset)).collect();
        let settled: Vec<_> =
            seen.iter().flat_map(|one| &one.settled).filter(|one| one.room == room).collect();
        assert_eq!(settled.len(), publications, "receipts of room {room}");
        for receipt in settled {
            assert_eq!(receipt.outcome.as_ref().ok(), places.get(&receipt.payload), "{receipt:?}");
        }
    }
}

/// Every message came back once, in order.
pub(crate) fn complete_echoes(seen: &Seen, count: usize) {
    for (at, echo) in seen.echoes.iter().enumerate() {
        assert_eq!(number(echo), Some(at), "echo {at} is {echo:.40}");
    }
    assert_eq!(seen.echoes.len(), count);
}

/// Echoes came once and in order. A message without one was named as lost, or was delivered to a server that was killed
/// before its echo was. Returns how many were named.
pub(crate) fn named_losses(seen: &Seen, count: usize, kills: usize) -> usize {
    let echoed: Vec<usize> = seen.echoes.iter().map(|echo| number(echo).expect("a whole echo")).collect();
    assert!(echoed.windows(2).all(|pair| pair[0] < pair[1]), "echoes are repeated or out of order");
    assert!(seen.lost.len() <= kills, "{} losses in {kills} kills", seen.lost.len());
    let arrived: HashSet<usize> = echoed.iter().copied().collect();
    let mut explained = arrived.clone();
    let mut named = 0;
    for (at, Loss { reason, unacked, unsent, echoes }) in seen.lost.iter().enumerate() {
        assert_eq!(reason, "Kept", "an unexplained loss");
        assert!(unsent.is_empty(), "what was not sent is kept, not lost");
        let lost: Vec<usize> = unacked.iter().map(|text| number(text).expect("a whole message")).collect();
        assert!(lost.windows(2).all(|pair| pair[0] + 1 == pair[1]), "what was transmitted has no holes");
        named += lost.len();
        // What was sent before the loss and came back before it.
        let back = echoed[..*echoes].last().map_or(0, |last| last + 1);
        // What comes back afterwards was sent afterwards.
        let next = echoed.get(*echoes).copied().unwrap_or(count);
        explained.extend(&lost);
        match (lost.first(), lost.last()) {
            (Some(first), Some(last)) => {
                // Unless the next server was killed before anything came back from it.
                let alone = seen.lost.get(at + 1).is_none_or(|loss| loss.echoes > *echoes);
                assert!(!alone || last + 1 == next, "a message was neither delivered nor named");
                // Acknowledged by the server that was killed, which took its echoes with it.
                explained.extend(back..*first);
            }
            // All was acknowledged.
            _ => explained.extend(back..next),
        }
    }
    let missing: Vec<usize> = (0..count).filter(|number| !explained.contains(number)).collect();
    assert!(missing.is_empty(), "neither delivered nor named: {missing:?}");
    named
}

/// A check that finds nothing wrong has to be able to.
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use participant::{Entry, Settled};

    use super::*;
    use crate::content::{message, said};

    fn echoes(numbers: &[usize]) -> Seen {
        Seen { echoes: numbers.iter().map(|number| message(*number)).collect(), ..Seen::default() }
    }

    fn lost(seen: &mut Seen, unacked: &[usize], echoes: usize) {
        let unacked = unacked.iter().map(|number| message(*number)).collect();
        seen.lost.push(Loss { reason: "Kept".to_owned(), unacked, unsent: Vec::new(), echoes });
    }

    fn objects<T>(check: impl FnOnce() -> T) -> bool {
        catch_unwind(AssertUnwindSafe(check)).is_err()
    }

    #[test]
    fn lost_repeated_and_reordered_echoes_are_found() {
        complete_echoes(&echoes(&[0, 1, 2]), 3);
        for wrong in [&[0, 2][..], &[0, 1], &[0, 1, 1, 2], &[0, 2, 1], &[0, 1, 2, 3]] {
            assert!(objects(|| complete_echoes(&echoes(wrong), 3)), "{wrong:?}");
        }
    }

    #[test]
    fn a_message_that_was_neither_delivered_nor_named_is_found() {
        // 1 was acknowledged and its echo died with the server, 2 and 3 were on their way.
        let mut seen = echoes(&[0, 4, 5]);
        lost(&mut seen, &[2, 3], 1);
        assert_eq!(named_losses(&seen, 6, 1), 2);
        assert!(objects(|| named_losses(&seen, 7, 1)), "nothing explains that 6 is missing");
        let mut seen = echoes(&[0, 5]);
        lost(&mut seen, &[2, 3], 1);
        assert!(objects(|| named_losses(&seen, 6, 1)), "4 was sent afterwards");
        assert!(objects(|| named_losses(&echoes(&[0, 2]), 3, 1)), "nobody was told of 1");
    }

    #[test]
    fn lost_repeated_and_reordered_entries_are_found() {
        let entry = |offset: u64, number| Entry { offset, payload: said("ada", number) };
        let seen = |entries: Vec<Entry>| {
            let of = |room| {
                entries.iter().map(move |entry| Settled {
                    room,
                    payload: entry.payload.clone(),
                    outcome: Ok(entry.offset),
                })
            };
            let settled = of(0).chain(of(1)).collect();
            Seen { rooms: [entries.clone(), entries.clone()], settled, ..Seen::default() }
        };
        let right = seen(vec![entry(1, 0), entry(2, 1)]);
        channels(std::slice::from_ref(&right), 2);
        for wrong in [vec![entry(1, 0)], vec![entry(1, 0), entry(2, 0)], vec![entry(1, 1), entry(2, 0)]] {
            assert!(objects(|| channels(&[seen(wrong)], 2)));
        }
        let mut other = Seen { rooms: right.rooms.clone(), ..Seen::default() };
        other.rooms[1].swap(0, 1);
        assert!(objects(|| channels(&[right, other], 2)), "two orders of one room");
    }
}
