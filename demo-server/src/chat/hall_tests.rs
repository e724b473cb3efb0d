//! Tests of the hall: what needs no socket to be shown.

use super::*;
use demo_messages::chat::{Pace, Room as Summary};

fn hall(max_rooms: usize) -> Hall {
    let settings = Settings {
        max_rooms,
        history_messages: 3,
        history_bytes: 1_000,
        max_people: 100,
        keys_per_person: 10,
        pace: Pace { per_second: 10, burst: 60 },
    };
    Hall::new(settings, 1)
}

/// Lets a connection say hello with a secret made from one letter, and join a room.
fn come(hall: &mut Hall, tab: Tab, letter: &str, room: &str) -> Author {
    let hello = Request::Hello { secret: letter.repeat(16), name: letter.to_owned() };
    let deliveries = hall.handle(tab, hello, 0);
    let Event::Welcome { you, .. } = deliveries.last().unwrap().event else { panic!("no welcome") };
    hall.handle(tab, Request::Join { room: room.to_owned() }, 0);
    you
}

fn say(hall: &mut Hall, tab: Tab, room: &str, key: u32, text: &str) -> Vec<Delivery> {
    let request = Request::Say { room: room.to_owned(), key: Key(key), text: text.to_owned() };
    hall.handle(tab, request, 5)
}

fn history(hall: &mut Hall, tab: Tab, room: &str) -> Vec<String> {
    let deliveries = hall.handle(tab, Request::Join { room: room.to_owned() }, 0);
    let Event::Joined { history, .. } = &deliveries.last().unwrap().event else { panic!("not joined") };
    history.iter().map(|entry| entry.text.clone()).collect()
}

fn rooms(hall: &Hall) -> Vec<(String, u32)> {
    hall.summary().into_iter().map(|Summary { name, members }| (name, members)).collect()
}

#[test]
fn the_history_keeps_the_newest_by_number_and_by_size() {
    let mut hall = hall(5);
    come(&mut hall, 1, "a", "room");
    for (key, text) in ["one", "two", "three", "four"].iter().enumerate() {
        say(&mut hall, 1, "room", key as u32, text);
    }
    assert_eq!(history(&mut hall, 1, "room"), ["two", "three", "four"]);
    let long = "x".repeat(999);
    say(&mut hall, 1, "room", 10, &long);
    assert_eq!(history(&mut hall, 1, "room"), [long]);
}

#[test]
fn a_person_enters_once_and_leaves_with_the_last_of_several_tabs() {
    let mut hall = hall(5);
    come(&mut hall, 9, "o", "room");
    let sam = come(&mut hall, 1, "s", "room");
    assert_eq!(rooms(&hall), [("room".to_owned(), 2)]);
    let hello = Request::Hello { secret: "s".repeat(16), name: "s".into() };
    assert_eq!(hall.handle(2, hello, 0).len(), 1);
    let entered = hall.handle(2, Request::Join { room: "room".into() }, 0);
    assert_eq!(entered.len(), 1, "only the answer: {entered:?}");
    assert!(hall.leave(1).is_empty());
    let left = hall.leave(2);
    assert_eq!(left, [Delivery { to: Audience::Tabs(vec![9]), event: Event::Left { author: sam } }]);
    assert!(hall.leave(2).is_empty());
}

#[test]
fn typing_is_told_once_however_many_tabs_type_and_ends_with_the_last() {
    let mut hall = hall(5);
    come(&mut hall, 9, "o", "room");
    come(&mut hall, 1, "s", "room");
    come(&mut hall, 2, "s", "room");
    let typing = |hall: &mut Hall, tab, typing| hall.handle(tab, Request::Typing { typing }, 0);
    assert_eq!(typing(&mut hall, 1, true).len(), 1);
    assert!(typing(&mut hall, 1, true).is_empty());
    assert!(typing(&mut hall, 2, true).is_empty());
    assert!(typing(&mut hall, 1, false).is_empty());
    // The tab that still types goes away.
    let told = hall.leave(2);
    assert!(matches!(told[..], [Delivery { event: Event::Typing { typing: false, .. }, .. }]), "{told:?}");
}

#[test]
fn joining_another_room_leaves_the_one_before() {
    let mut hall = hall(5);
    come(&mut hall, 9, "o", "first");
    let sam = come(&mut hall, 1, "s", "first");
    let deliveries = hall.handle(1, Request::Join { room: "second".into() }, 0);
    assert_eq!(deliveries[0].event, Event::Left { author: sam });
    assert_eq!(rooms(&hall), [("first".to_owned(), 1), ("second".to_owned(), 1)]);
    let refused = say(&mut hall, 1, "first", 1, "x");
    assert!(matches!(refused[0].event, Event::Refused { code: Refusal::NotInRoom, .. }));
}

#[test]
fn a_room_without_people_and_history_is_gone_and_one_with_history_stays() {
    let mut hall = hall(5);
    come(&mut hall, 1, "a", "empty");
    hall.handle(1, Request::Join { room: "kept".into() }, 0);
    say(&mut hall, 1, "kept", 1, "x");
    hall.leave(1);
    assert_eq!(rooms(&hall), [("kept".to_owned(), 0)]);
}

#[test]
fn the_quietest_empty_room_makes_way_and_rooms_with_people_never_do() {
    let mut hall = hall(2);
    come(&mut hall, 1, "a", "old");
    say(&mut hall, 1, "old", 1, "x");
    hall.handle(1, Request::Join { room: "new".into() }, 0);
    say(&mut hall, 1, "new", 2, "y");
    come(&mut hall, 2, "b", "third");
    assert_eq!(rooms(&hall), [("new".to_owned(), 1), ("third".to_owned(), 1)]);
    come(&mut hall, 3, "c", "fourth");
    assert_eq!(rooms(&hall).len(), 2, "both rooms have people");
    // Somebody alone in a room may give it up for another one.
    hall.handle(2, Request::Join { room: "fourth".into() }, 0);
    assert_eq!(rooms(&hall), [("fourth".to_owned(), 1), ("new".to_owned(), 1)]);
}

#[test]
fn ids_grow_across_rooms_so_that_none_comes_twice() {
    let mut hall = hall(2);
    come(&mut hall, 1, "a", "one");
    let id = |deliveries: Vec<Delivery>| match deliveries[0].event {
        Event::Accepted { id, .. } => id,
        ref other => panic!("{other:?}"),
    };
    let first = id(say(&mut hall, 1, "one", 1, "x"));
    hall.handle(1, Request::Join { room: "two".into() }, 0);
    assert!(id(say(&mut hall, 1, "two", 2, "y")) > first);
    // The first one again, from another room: accepted as it was.
    assert_eq!(id(say(&mut hall, 1, "one", 1, "x")), first);
}

#[test]
fn a_second_hello_begins_anew_as_somebody_else() {
    let mut hall = hall(5);
    come(&mut hall, 9, "o", "room");
    let first = come(&mut hall, 1, "a", "room");
    let deliveries = hall.handle(1, Request::Hello { secret: "b".repeat(16), name: "b".into() }, 0);
    assert_eq!(deliveries[0].event, Event::Left { author: first });
    let Event::Welcome { you, .. } = deliveries[1].event else { panic!("no welcome") };
    assert_ne!(you, first);
}

#[test]
fn the_list_of_rooms_is_told_once_after_changes_and_not_without() {
    let mut hall = hall(5);
    assert!(hall.changed_rooms().is_none());
    come(&mut hall, 1, "a", "one");
    come(&mut hall, 2, "b", "two");
    assert!(hall.changed_rooms().is_some());
    assert!(hall.changed_rooms().is_none());
    hall.leave(2);
    assert!(hall.changed_rooms().is_some());
}
