//! What the chat's state promises.

use super::*;
use crate::chat::log::tests::{entry, shape};
use crate::chat::outbox::Stage;

const ME: u64 = 1;

fn run(state: ChatState, actions: impl IntoIterator<Item = ChatAction>) -> ChatState {
    actions.into_iter().fold(state, |state, action| state.after(action))
}

fn live(at_ms: u64) -> ChatAction {
    ChatAction::Live { me: ME, at_ms }
}

fn fed(state: &ChatState, items: impl IntoIterator<Item = Fed>) -> ChatState {
    let items = items.into_iter().collect();
    state.after(ChatAction::Fed { feed: state.feed, items, at_ms: 50_000 })
}

fn said(state: &ChatState, entry: Entry) -> ChatState {
    fed(state, [Fed::Said(entry)])
}

fn written(ticket: u32) -> ChatAction {
    ChatAction::Written { ticket: Ticket(ticket), text: format!("text {ticket}"), at_ms: 0 }
}

/// Publishes under this name, or before there was one.
fn handed(ticket: u32, alias: Option<u64>) -> ChatAction {
    let published = PublishedAs { alias, number: ticket.into() };
    ChatAction::Handed { ticket: Ticket(ticket), published }
}

/// In the room, whose log began so.
fn there(offset: u64, history: Vec<Entry>) -> ChatState {
    let last = history.last().map_or(offset, |entry| entry.offset);
    let state = ChatState::new("a").after(live(0));
    let state = fed(&state, [Fed::Started { offset }]);
    let state = fed(&state, history.into_iter().map(Fed::Said));
    let feed = state.feed;
    state.after(ChatAction::History { feed, up_to: last })
}

fn stages(state: &ChatState) -> Vec<(u32, Stage)> {
    state.outbox.iter().map(|m| (m.ticket.0, m.stage.clone())).collect()
}

fn old(offset: u64) -> OldEntry {
    let Entry { at_ms, publisher, said, .. } = entry(offset, 2, "old");
    OldEntry { offset, at_ms, publisher, said }
}

#[test]
fn an_own_message_goes_from_the_outbox_into_the_log_and_never_stands_in_both() {
    let state = run(there(0, vec![]), [written(4), handed(4, Some(ME))]);
    assert_eq!(stages(&state), [(4, Stage::Handed)]);
    let first = said(&state, entry(4, ME, "text 4"));
    assert_eq!((stages(&first), shape(&first.log)), (vec![], "4".to_owned()));
    let settled = ChatAction::Settled { ticket: Ticket(4), outcome: Outcome::Delivered(4) };
    assert_eq!(first.after(settled.clone()), first, "the receipt comes behind the entry");
    let state = state.after(settled);
    assert_eq!(stages(&state), [(4, Stage::Delivered(4))]);
    assert_eq!(stages(&said(&state, entry(4, ME, "text 4"))), []);
}

#[test]
fn what_was_written_before_the_first_welcome_is_recognised_as_well() {
    let state = run(ChatState::new("a"), [written(0), handed(0, None), live(0)]);
    let state = said(&fed(&state, [Fed::Started { offset: 0 }]), entry(0, ME, "text 0"));
    assert_eq!(stages(&state), []);
}

#[test]
fn a_message_from_before_a_reload_is_shown_until_the_room_has_it() {
    let published = PublishedAs { alias: None, number: 3 };
    let (ticket, room, text) = (Ticket(0), "a".to_owned(), "t".to_owned());
    let restored = ChatAction::Restored { ticket, room, text, published, at_ms: 0 };
    let state = run(ChatState::new("a"), [restored, live(0)]);
    assert_eq!(stages(&state), [(0, Stage::Handed)]);
    let state = fed(&state, [Fed::Started { offset: 0 }, Fed::Said(entry(3, ME, "t"))]);
    assert_eq!((stages(&state), shape(&state.log)), (vec![], "3".to_owned()));
}

#[test]
fn an_absence_is_shown_with_its_length_and_what_was_missed_is_unread() {
    let state = run(
        there(0, vec![entry(1, 2, "a")]),
        [ChatAction::Lost { at_ms: 10_000 }, ChatAction::Lost { at_ms: 20_000 }, live(50_000)],
    );
    let state = fed(&state, [entry(2, 2, "b"), entry(3, ME, "c")].map(Fed::Said));
    assert_eq!(shape(&state.log), "1 away40 2 3");
    assert_eq!((state.unread, state.unread_from), (1, Some(2)));
    let state = state.after(ChatAction::Attention(true));
    assert_eq!((state.unread, state.unread_from), (0, Some(2)));
    let state = said(&state, entry(4, 2, "d"));
    assert_eq!((state.unread, state.unread_from), (0, None));
}

#[test]
fn less_than_a_second_away_is_no_absence() {
    let state = run(there(0, vec![entry(1, 2, "a")]), [ChatAction::Lost { at_ms: 10 }, live(900)]);
    assert_eq!(shape(&state.log), "1");
    assert_eq!(state.presence, Presence::There);
}

#[test]
fn the_history_of_a_room_just_entered_is_not_unread() {
    let state = there(0, vec![entry(1, 2, "a")]);
    assert_eq!(state.unread, 0);
    assert_eq!(said(&state, entry(2, 2, "b")).unread, 1);
}

#[test]
fn a_server_with_another_memory_begins_anew_below_the_old_lines() {
    let state = run(there(6, vec![entry(8, 2, "old")]), [ChatAction::Lost { at_ms: 1 }, live(2)]);
    assert_eq!(state.older, Older::More);
    let state = fed(&state, [Fed::Gap { offset: 0, how: Break::Anew }]);
    let state = said(&state, entry(1, 2, "new"));
    assert_eq!(shape(&state.log), "8 anew 1");
    assert_eq!((state.older, state.unread), (Older::Unknown, 1));
}

#[test]
fn what_another_memory_holds_already_is_brought_by_another_feed_and_stands_below_the_line_once() {
    let state = run(there(6, vec![entry(8, 2, "old")]), [ChatAction::Lost { at_ms: 1 }, live(2)]);
    // Behind the gap an entry has come already.
    let gap = Fed::Gap { offset: 2, how: Break::AnewBehind };
    let next = fed(&state, [gap, Fed::Said(entry(3, 2, "newest"))]);
    assert_eq!((shape(&next.log).as_str(), next.feed), ("8 anew", state.feed + 1));
    // Of the feed before nothing more is heeded.
    let items = vec![Fed::Said(entry(4, 2, "late"))];
    let next = next.after(ChatAction::Fed { feed: state.feed, items, at_ms: 3 });
    let all = [entry(1, 2, "first"), entry(2, 3, "second"), entry(3, 2, "newest")].map(Fed::Said);
    let next = fed(&next, [Fed::Started { offset: 0 }].into_iter().chain(all));
    assert_eq!(shape(&next.log), "8 anew 1 2 3");
    assert_eq!((next.older, next.unread, next.presence), (Older::Unknown, 3, Presence::There));
}

#[test]
fn a_message_that_went_into_another_memory_leaves_the_outbox_when_it_is_shown_and_not_before() {
    let state = there(6, vec![entry(8, 2, "old")]);
    let ticket = Ticket(1);
    let state = state.after(ChatAction::Written { ticket, text: "mine".into(), at_ms: 1 });
    let published = PublishedAs { alias: Some(ME), number: 1 };
    let state = state.after(ChatAction::Handed { ticket, published });
    let state = fed(&state, [Fed::Gap { offset: 2, how: Break::AnewBehind }]);
    let state = state.after(ChatAction::Settled { ticket, outcome: Outcome::Delivered(1) });
    assert_eq!(state.outbox.iter().count(), 1, "nobody would see it any more");
    let state = fed(&state, [Fed::Started { offset: 0 }, Fed::Said(entry(1, ME, "mine"))]);
    assert_eq!((state.outbox.iter().count(), shape(&state.log).as_str()), (0, "8 anew 1"));
}

#[test]
fn a_hole_in_the_room_is_shown() {
    let state = fed(
        &there(0, vec![entry(1, 2, "a")]),
        [Fed::Gap { offset: 9, how: Break::Hole { missing: Some(8) } }],
    );
    assert_eq!(shape(&said(&state, entry(10, 2, "b")).log), "1 gapSome(8) 10");
}

#[test]
fn looking_back_goes_on_until_nothing_is_left() {
    let state = there(20, vec![entry(21, 2, "a")]).after(ChatAction::OlderAsked);
    assert_eq!(state.older, Older::Asked);
    let feed = state.feed;
    let failed = state.after(ChatAction::OlderCame { feed, entries: None });
    assert_eq!(failed.older, Older::Failed);
    let state = failed.after(ChatAction::OlderCame { feed, entries: Some(vec![old(19), old(20)]) });
    assert_eq!((shape(&state.log).as_str(), state.older), ("19 20 21", Older::More));
    let state = state.after(ChatAction::OlderCame { feed, entries: Some(vec![old(1), old(18)]) });
    assert_eq!((state.older, state.unread), (Older::Nothing, 0));
    assert_eq!(there(0, vec![]).older, Older::Nothing);
}

#[test]
fn a_refused_message_fails_and_no_other_and_can_be_tried_again() {
    let state = run(there(0, vec![]), [written(1), written(2), handed(1, Some(ME)), handed(2, Some(ME))]);
    let outcome = Outcome::Refused("no".into());
    let state = state.after(ChatAction::Settled { ticket: Ticket(1), outcome });
    let failed = Stage::Failed(Failure::Refused("no".into()));
    assert_eq!(stages(&state), [(1, failed), (2, Stage::Handed)]);
    let state = state.after(ChatAction::Retry { ticket: Ticket(1), at_ms: 5 });
    assert_eq!(stages(&state), [(2, Stage::Handed), (1, Stage::ToSend)]);
}

#[test]
fn a_room_that_lets_nobody_in_says_why_and_is_tried_again_with_the_next_connection() {
    let state = there(0, vec![]).after(ChatAction::GoTo { room: "b".into() });
    assert_eq!(state.presence, Presence::Entering);
    let state = fed(&state, [Fed::Ended(Some("full".into()))]);
    assert_eq!((state.presence, state.notice.as_deref()), (Presence::Outside, Some("full")));
    let feed = state.feed;
    let state = run(state, [ChatAction::Lost { at_ms: 0 }, live(0)]);
    assert_eq!((state.presence, state.feed, state.notice.as_deref()), (Presence::Entering, feed + 1, None));
    assert_eq!(fed(&state, [Fed::Started { offset: 0 }]).presence, Presence::There);
}

#[test]
fn a_session_that_ended_and_began_anew_goes_on_where_it_stood() {
    let state = run(there(4, vec![entry(5, 2, "a")]), [ChatAction::Lost { at_ms: 0 }]);
    let state = fed(&state, [Fed::Ended(None)]).after(ChatAction::Live { me: 9, at_ms: 100 });
    let state = fed(
        &state,
        [Fed::Started { offset: 5 }, Fed::Said(entry(6, ME, "mine")), Fed::Said(entry(7, 9, "too"))],
    );
    assert_eq!((shape(&state.log).as_str(), state.older), ("5 6 7", Older::More));
    let mine = |what: &What| matches!(what, What::Said { mine: true, .. });
    assert_eq!(state.log.lines().iter().filter(|line| mine(&line.what)).count(), 2);
}

#[test]
fn another_room_begins_empty_and_late_news_of_the_old_one_is_ignored() {
    let before = there(0, vec![entry(1, 2, "a")]);
    let state = before.after(ChatAction::GoTo { room: "b".into() });
    let feed = before.feed;
    let state = run(
        state,
        [
            ChatAction::Fed { feed, items: vec![Fed::Said(entry(2, 2, "late"))], at_ms: 0 },
            ChatAction::OlderCame { feed, entries: Some(vec![old(1)]) },
            ChatAction::History { feed, up_to: 7 },
        ],
    );
    assert_eq!(state.presence, Presence::Entering);
    assert!(state.log.lines().is_empty());
    assert_eq!(state.history_to, None);
}

#[test]
fn people_come_go_type_and_are_renamed() {
    let members = |all: &[(u64, &str)]| {
        Fed::Members(all.iter().map(|(who, name)| (*who, About { name: (*name).into() })).collect())
    };
    let state =
        fed(&there(0, vec![]), [members(&[(ME, "Me"), (2, "Ada")]), Fed::Typing { who: 2, typing: true }]);
    let state = fed(&state, [members(&[(ME, "Me"), (2, "Eve")])]);
    assert_eq!(state.typists().collect::<Vec<_>>(), ["Eve"]);
    assert!(!said(&state, entry(1, 2, "done")).is_typing(2));
    assert!(!fed(&state, [Fed::Typing { who: 2, typing: false }]).is_typing(2));
    assert!(!fed(&state, [members(&[(ME, "Me")])]).is_typing(2));
    // What was lost on the way does not keep somebody typing.
    let ends = state.typing_ends().unwrap();
    assert!(state.after(ChatAction::Tick { at_ms: ends - 1 }).is_typing(2));
    assert!(!state.after(ChatAction::Tick { at_ms: ends }).is_typing(2));
    assert!(state.after(ChatAction::Lost { at_ms: 0 }).members.is_empty());
}
