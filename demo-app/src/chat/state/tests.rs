//! What the chat's state promises.

use demo_messages::chat::Pace;

use super::*;
use crate::chat::log::Line;
use crate::chat::log::tests::entry;

const ME: Author = Author(1);

fn run(state: ChatState, actions: impl IntoIterator<Item = ChatAction>) -> ChatState {
    actions.into_iter().fold(state, |state, action| state.after(action))
}

fn received(event: Event) -> ChatAction {
    ChatAction::Received { event, at_ms: 50_000 }
}

fn welcome(epoch: u64) -> ChatAction {
    received(Event::Welcome { you: ME, epoch, pace: Pace { per_second: 10, burst: 60 }, rooms: vec![] })
}

fn joined(history: Vec<Entry>) -> ChatAction {
    received(Event::Joined { room: "a".into(), history, members: vec![] })
}

fn said(entry: Entry) -> ChatAction {
    received(Event::Said { room: "a".into(), entry })
}

fn written(key: u32) -> ChatAction {
    ChatAction::Written { key: Key(key), text: format!("text {key}"), at_ms: 0 }
}

fn there(history: Vec<Entry>) -> ChatState {
    run(ChatState::new("a"), [ChatAction::Opened, welcome(7), joined(history)])
}

fn stages(state: &ChatState) -> Vec<(u32, Stage)> {
    state.outbox.iter().map(|m| (m.key.0, m.stage.clone())).collect()
}

fn ids(state: &ChatState) -> Vec<u64> {
    let id = |line: &Line| if let Line::Said { entry, .. } = line { Some(entry.id) } else { None };
    state.log.lines().iter().filter_map(id).collect()
}

#[test]
fn an_own_message_goes_from_the_outbox_into_the_log() {
    let state = run(there(vec![]), [written(4), ChatAction::Handed { key: Key(4), at_ms: 0 }]);
    assert_eq!(stages(&state), [(4, Stage::Handed { connection: 1 })]);
    let state = state.after(received(Event::Accepted { key: Key(4), id: 4, at_ms: 1 }));
    assert_eq!(stages(&state), [(4, Stage::Accepted)]);
    let state = state.after(said(entry(4, ME.0, "text 4")));
    assert_eq!(stages(&state), []);
    assert_eq!(ids(&state), [4]);
    let late = state.after(received(Event::Accepted { key: Key(4), id: 4, at_ms: 1 }));
    assert_eq!(late, state);
}

#[test]
fn what_was_under_way_when_the_connection_broke_is_sent_again_unless_it_arrived() {
    let mut state = there(vec![]);
    for key in [4, 5] {
        state = run(state, [written(key), ChatAction::Handed { key: Key(key), at_ms: 0 }]);
    }
    let state = run(
        state,
        [
            ChatAction::Lost { at_ms: 10_000 },
            written(6),
            ChatAction::Handed { key: Key(6), at_ms: 0 },
            ChatAction::Opened,
            welcome(7),
            joined(vec![entry(4, ME.0, "text 4")]),
        ],
    );
    assert_eq!(stages(&state), [(5, Stage::ToSend), (6, Stage::Handed { connection: 2 })]);
    assert_eq!(ids(&state), [4]);
}

#[test]
fn an_absence_is_shown_with_its_length_and_what_was_missed_is_unread() {
    let state = run(
        there(vec![entry(1, 2, "a")]),
        [
            ChatAction::Lost { at_ms: 10_000 },
            ChatAction::Opened,
            ChatAction::Lost { at_ms: 20_000 },
            ChatAction::Opened,
            welcome(7),
            joined(vec![entry(1, 2, "a"), entry(2, 2, "b"), entry(3, ME.0, "c")]),
        ],
    );
    assert_eq!(state.log.lines()[1], Line::Away { seconds: 40 });
    assert_eq!((state.unread, state.unread_from), (1, Some(2)));
    let state = state.after(ChatAction::Attention(true));
    assert_eq!((state.unread, state.unread_from), (0, Some(2)));
    let state = state.after(said(entry(4, 2, "d")));
    assert_eq!((state.unread, state.unread_from), (0, None));
}

#[test]
fn the_history_of_a_room_just_entered_is_not_unread() {
    assert_eq!(there(vec![entry(1, 2, "a")]).unread, 0);
}

#[test]
fn a_server_with_another_memory_gets_what_it_does_not_know() {
    let state = run(
        there(vec![entry(3, ME.0, "old")]),
        [
            written(4),
            ChatAction::Handed { key: Key(4), at_ms: 0 },
            received(Event::Accepted { key: Key(4), id: 4, at_ms: 0 }),
            ChatAction::Lost { at_ms: 1 },
            ChatAction::Opened,
            welcome(8),
            joined(vec![entry(1, 9, "new")]),
        ],
    );
    assert_eq!(stages(&state), [(4, Stage::ToSend)]);
    assert_eq!(ids(&state), [3, 1]);
    assert!(state.log.lines().contains(&Line::Anew));
}

#[test]
fn a_refusal_of_a_message_fails_that_message_and_no_other() {
    let state = run(there(vec![]), [written(1), written(2)]);
    let refused =
        Event::Refused { key: Some(Key(1)), code: Refusal::TooLong, reason: "2,000 at most".into() };
    let state = state.after(received(refused));
    assert_eq!(stages(&state), [(1, Stage::Failed(Failure::Refused(Refusal::TooLong))), (2, Stage::ToSend)]);
    assert_eq!(state.notice, None);
}

#[test]
fn a_message_refused_for_haste_is_sent_again_by_itself() {
    let state = run(there(vec![]), [written(1), ChatAction::Handed { key: Key(1), at_ms: 49_000 }]);
    let refused = Event::Refused { key: Some(Key(1)), code: Refusal::TooFast, reason: String::new() };
    let state = state.after(received(refused));
    assert_eq!(stages(&state), [(1, Stage::ToSend)]);
    assert_eq!(state.pacer.wait_ms(50_000), Some(100));
}

#[test]
fn a_refusal_of_something_else_is_a_notice() {
    let refused = Event::Refused { key: None, code: Refusal::BadRoom, reason: "no".into() };
    let state = there(vec![]).after(received(refused));
    assert_eq!(state.notice, Some(Refusal::BadRoom));
    assert_eq!(state.after(ChatAction::DismissNotice).notice, None);
}

#[test]
fn a_room_that_is_not_entered_is_not_waited_for() {
    let refused = Event::Refused { key: None, code: Refusal::TooManyRooms, reason: "no".into() };
    let state = run(there(vec![]), [ChatAction::GoTo { room: "b".into() }, received(refused)]);
    assert_eq!(state.presence, Presence::Outside);
    let state = run(state, [ChatAction::DismissNotice, ChatAction::GoTo { room: "a".into() }]);
    assert_eq!(state.presence, Presence::Entering);
    assert_eq!(state.after(joined(vec![])).presence, Presence::There);
}

#[test]
fn another_room_begins_empty_and_late_news_of_the_old_one_is_ignored() {
    let state = run(
        there(vec![entry(1, 2, "a")]),
        [ChatAction::GoTo { room: "b".into() }, said(entry(2, 2, "late")), joined(vec![])],
    );
    assert_eq!(state.presence, Presence::Entering);
    assert!(state.log.lines().is_empty());
}

#[test]
fn people_come_go_type_and_are_renamed() {
    let member = Member { author: Author(2), name: "Ada".into(), typing: false };
    let state = run(
        there(vec![]),
        [
            received(Event::Entered { member }),
            received(Event::Typing { author: Author(2), typing: true }),
            received(Event::Renamed { author: Author(2), name: "Eve".into() }),
        ],
    );
    let eve = &state.members[&Author(2)];
    assert!(eve.typing && eve.name == "Eve");
    let state = state.after(said(entry(1, 2, "done")));
    assert!(!state.members[&Author(2)].typing);
    assert!(state.after(received(Event::Left { author: Author(2) })).members.is_empty());
}
