//! Close handshakes, decisions after an end, and what comes back unsent.

use rejoin_protocol::{Close, Closed, ClosedBy, Event, Input, LinkConfig, Output, Refusal, State};

use crate::rig::{Rig, in_every_state, is_open, unsent};

fn close_frame() -> Close {
    Close::new(4001, "enough").unwrap()
}

#[test]
fn close_says_what_it_was_given_and_ends_when_the_other_end_answers() {
    let mut rig = Rig::opened(LinkConfig::default());
    let generation = rig.newest.unwrap();
    rig.close(close_frame());
    let close = Output::Close { generation, close: close_frame() };
    assert_eq!(rig.take(), [close, Output::Event(Event::State(State::Closing))]);
    rig.ends(4001);
    assert_eq!((rig.state(), rig.wait), (State::Closed, None));
    assert_eq!((rig.closed().by, rig.closed().code), (ClosedBy::Caller, 4001));
    assert!(rig.closed().was_clean && rig.closed().was_open);
}

#[test]
fn close_while_congested_transmits_all_first() {
    let mut rig = Rig::opened(LinkConfig::default());
    rig.send(0, 2 << 20).unwrap();
    rig.send(1, 2 << 20).unwrap();
    rig.send(2, 1).unwrap();
    rig.take();
    rig.close(Close::normal());
    let out = rig.take();
    assert!(matches!(out[0], Output::Transmit { message: 1, .. }));
    assert!(matches!(out[1], Output::Transmit { message: 2, .. }));
    assert!(matches!(out[2], Output::Close { .. }));
    assert_eq!(out.len(), 4);
}

#[test]
fn a_close_that_is_never_answered_ends_at_the_time_out() {
    let mut rig = Rig::opened(LinkConfig::default());
    rig.send(0, 70).unwrap();
    rig.close(Close::normal());
    rig.run_to(4_999);
    assert_eq!(rig.state(), State::Closing);
    rig.take();
    rig.run_to(5_000);
    assert!(matches!(rig.take()[0], Output::Abandon { .. }));
    assert_eq!((rig.state(), rig.closed().by), (State::Closed, ClosedBy::CloseTimeout));
    assert!(rig.closed().was_open && !rig.closed().was_clean);
    assert_eq!(rig.closed().unsent_bytes, 70);
}

#[test]
fn what_left_during_the_close_handshake_is_not_called_unsent() {
    let mut rig = Rig::opened(LinkConfig::default());
    rig.send(0, 70).unwrap();
    rig.close(Close::normal());
    rig.says_buffered(30);
    assert_eq!(rig.state(), State::Closing);
    rig.run_to(5_000);
    assert_eq!((rig.closed().by, rig.closed().unsent_bytes), (ClosedBy::CloseTimeout, 30));
}

#[test]
fn a_close_handshake_whose_timers_are_always_late_ends_all_the_same() {
    let mut rig = Rig::opened(LinkConfig::default());
    rig.close(Close::normal());
    rig.at(60_000).timeout();
    rig.at(120_000).timeout();
    assert_eq!((rig.state(), rig.closed().by), (State::Closed, ClosedBy::CloseTimeout));
}

#[test]
fn a_late_timer_leaves_time_for_the_close_event_that_lies_behind_it() {
    let mut rig = Rig::opened(LinkConfig::default());
    rig.peer_closing();
    rig.at(3_600_000).timeout();
    assert_eq!(rig.state(), State::Closing);
    rig.ends(4000);
    assert_eq!((rig.state(), rig.closed().by), (State::Closed, ClosedBy::Server));
}

#[test]
fn close_while_connecting_hands_back_the_queue_and_a_late_open_changes_nothing() {
    let mut rig = Rig::new(LinkConfig::default());
    rig.open();
    rig.send(7, 1).unwrap();
    rig.take();
    rig.close(Close::normal());
    rig.accept();
    assert_eq!(rig.state(), State::Closing);
    rig.ends_with(Closed::by_event(1006, "", false, false), Some(true));
    assert_eq!((rig.state(), rig.closed().by), (State::Closed, ClosedBy::Caller));
    assert_eq!(unsent(rig.take()), [7]);
}

#[test]
fn close_while_waiting_ends_at_once_with_its_own_code() {
    for (close, code) in [(close_frame(), 4001), (Close::without_code(), 1005)] {
        let mut rig = Rig::opened(LinkConfig::default());
        rig.ends(1006);
        rig.send(7, 1).unwrap();
        rig.take();
        rig.close(close);
        assert_eq!((rig.state(), rig.wait), (State::Closed, None));
        assert_eq!((rig.closed().by, rig.closed().code), (ClosedBy::Caller, code));
        assert_eq!(unsent(rig.take()), [7]);
    }
}

#[test]
fn close_again_or_when_closed_changes_nothing() {
    for (name, mut rig) in in_every_state(&LinkConfig::default()) {
        if matches!(name, "closing" | "closed") {
            rig.close(close_frame());
            assert_eq!(rig.take(), [], "{name}");
        }
    }
}

#[test]
fn close_during_the_servers_handshake_sends_nothing_and_prevents_a_return() {
    let mut rig = Rig::opened(LinkConfig::default());
    rig.peer_closing();
    rig.send(7, 1).unwrap();
    rig.at(1_000).close(Close::normal());
    assert!(!rig.take().iter().any(|output| matches!(output, Output::Close { .. })));
    assert_eq!(rig.send(8, 1).unwrap_err().reason, Refusal::Closed);
    assert_eq!(rig.wait, Some(rejoin_protocol::Time::from_millis(5_000)), "the deadline stands");
    rig.ends(1001);
    assert_eq!((rig.state(), rig.closed().by), (State::Closed, ClosedBy::Caller));
    assert_eq!(unsent(rig.take()), [7]);
}

#[test]
fn the_servers_handshake_keeps_messages_for_the_next_connection() {
    let mut rig = Rig::opened(LinkConfig::default());
    rig.peer_closing();
    assert_eq!(rig.state(), State::Closing);
    rig.send(7, 1).unwrap();
    rig.ends(1012);
    rig.run_to_wake();
    rig.take();
    rig.accept();
    assert_eq!(rig.transmitted(), [7]);
}

#[test]
fn the_servers_handshake_that_does_not_end_is_left_and_the_link_comes_back() {
    let mut rig = Rig::opened(LinkConfig::default());
    rig.peer_closing();
    rig.run_to(5_000);
    assert_eq!(rig.closed().by, ClosedBy::CloseTimeout);
    assert!(matches!(rig.state(), State::Waiting { .. }));
}

#[test]
fn the_code_decides_unless_the_application_does() {
    let comes_back = |code, decision| {
        let mut rig = Rig::opened(LinkConfig::default());
        rig.send(7, 2 << 20).unwrap();
        rig.send(8, 1).unwrap();
        rig.take();
        rig.ends_with(Closed::by_event(code, "said", true, true), decision);
        let waits = matches!(rig.state(), State::Waiting { .. });
        assert_eq!(unsent(rig.take()), if waits { vec![] } else { vec![8] });
        assert_eq!((rig.closed().code, rig.closed().reason.as_str()), (code, "said"));
        waits
    };
    assert!(comes_back(1001, None) && comes_back(1005, None));
    assert!(!comes_back(1000, None) && !comes_back(4000, None));
    assert!(comes_back(4000, Some(true)));
    assert!(!comes_back(1001, Some(false)));
}

#[test]
fn a_link_that_was_closed_by_hand_opens_again() {
    let mut rig = Rig::opened(LinkConfig::default());
    rig.close(Close::normal());
    rig.ends(1000);
    rig.open();
    rig.accept();
    assert_eq!(rig.state(), State::Open);
    rig.ends(1006);
    assert!(matches!(rig.state(), State::Waiting { .. }), "and comes back as before");
}

#[test]
fn a_socket_that_was_left_changes_nothing_whatever_is_said_of_it() {
    for (name, mut rig) in in_every_state(&LinkConfig::default()) {
        let Some(generation) = rig.link.generation() else { continue };
        rig.reconnect();
        let second = rig.newest.unwrap();
        rig.reconnect();
        rig.take();
        let closed = Closed::by_event(4000, "late", true, true);
        for generation in [generation, second] {
            assert!(!rig.link.is_current(generation));
            for input in [
                Input::Opened { generation },
                Input::Received { generation },
                Input::Pong { generation },
                Input::Buffered { generation, bytes: 9 << 20 },
                Input::PeerClosing { generation },
                Input::Disconnected { generation, closed: closed.clone(), reconnect: None },
            ] {
                rig.input(input.clone());
                assert_eq!(rig.state(), State::Connecting { attempt: 1 }, "{input:?} left while {name}");
                assert_eq!(rig.take(), []);
            }
        }
        assert!(rig.link.is_current(rig.newest.unwrap()));
    }
}

#[test]
fn an_end_is_told_once_however_often_it_is_reported() {
    let mut rig = Rig::opened(LinkConfig::default());
    rig.ends(1006);
    rig.take();
    let before = rig.state();
    rig.ends(4000);
    assert_eq!((rig.state(), rig.take()), (before, Vec::new()));
}

#[test]
fn messages_left_untaken_end_the_link_and_other_reasons_bring_it_back() {
    for (name, mut rig) in in_every_state(&LinkConfig::default()) {
        let (had_socket, before) = (rig.link.generation().is_some(), rig.state());
        rig.abort(ClosedBy::Overflow);
        if had_socket {
            assert_eq!((rig.state(), rig.closed().by), (State::Closed, ClosedBy::Overflow), "{name}");
            assert_eq!(rig.closed().was_open, name != "connecting");
            assert_eq!(rig.closed().reason, "said by the test");
        } else {
            assert_eq!((rig.state(), rig.take()), (before, Vec::new()), "{name}");
        }
    }
    let mut rig = Rig::opened(LinkConfig::default());
    rig.abort(ClosedBy::Network);
    assert!(matches!(rig.state(), State::Waiting { .. }));
}

#[test]
fn stop_ends_a_wait_and_nothing_else() {
    for (name, mut rig) in in_every_state(&LinkConfig::default()) {
        let before = rig.state();
        if name == "waiting" {
            rig.send(7, 1).unwrap();
            rig.stop();
            assert_eq!((rig.state(), rig.wait), (State::Closed, None));
            assert_eq!(unsent(rig.take()), [7]);
        } else {
            rig.stop();
            assert_eq!((rig.state(), rig.take()), (before, Vec::new()), "{name}");
        }
    }
}

#[test]
fn a_closed_link_does_nothing_until_it_is_asked_to() {
    let mut rig = Rig::opened(LinkConfig::default());
    rig.close(Close::normal());
    rig.ends(1000);
    rig.take();
    for input in [Input::Online, Input::Visible, Input::Resumed, Input::Timeout, Input::Offline] {
        rig.at(100_000).input(input);
    }
    assert_eq!((rig.take(), rig.wait), (Vec::new(), None));
    rig.open();
    assert_eq!(rig.count(is_open), 1);
}
