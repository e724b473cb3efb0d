//! The identity of a session: taken up, given up, and what becomes of messages then.

use rejoin_protocol::session::{
    ClientConfig, ClientEvent, ClientSession, Ending, Lost, LostReason, SessionMessage, code,
};
use rejoin_protocol::wire::Denial;
use rejoin_protocol::{Closed, ClosedBy, Time};

use crate::pair::Pair;

const NOW: Time = Time::from_millis(0);

fn lost(client: &mut ClientSession) -> Vec<Lost> {
    let lost = std::iter::from_fn(|| client.poll_event()).filter_map(|event| match event {
        ClientEvent::Lost(lost) => Some(lost),
        _ => None,
    });
    lost.collect()
}

#[test]
fn a_page_that_takes_up_an_identity_is_told_that_the_messages_of_the_page_before_it_are_lost() {
    let mut pair = Pair::live();
    let known = pair.client.pair().unwrap();
    pair.cut();
    pair.client = ClientSession::new(ClientConfig::default());
    pair.client.adopt(known);
    pair.connect();
    pair.run();
    assert_eq!(pair.client.id(), Some(known.id));
    let reasons: Vec<_> = pair.lost.iter().map(|lost| lost.reason).collect();
    assert_eq!(reasons, [LostReason::Kept]);
}

#[test]
fn what_waits_when_an_identity_is_given_up_is_held_until_the_application_lets_it_go() {
    let mut pair = Pair::live();
    pair.client.send(SessionMessage::text("waits")).unwrap();
    let bug = Closed::by_event(code::BAD_FRAME, "", true, true);
    assert!(matches!(pair.client.ended(NOW, &bug), Ending::Retry { .. }));
    pair.connect();
    pair.run();
    assert!(pair.client.is_live() && pair.at_server.is_empty());
    pair.client.let_go();
    pair.run();
    assert_eq!(pair.at_server, ["waits"]);
}

#[test]
fn a_session_that_never_was_live_hands_back_what_waits_and_has_lost_nothing_else() {
    let denial = Denial::new(1_000, "");
    let mut client = ClientSession::new(ClientConfig::default());
    client.stop(&denial);
    assert_eq!(lost(&mut client), []);
    let mut client = ClientSession::new(ClientConfig::default());
    client.send(SessionMessage::text("waits")).unwrap();
    client.stop(&denial);
    let unsent = vec![SessionMessage::text("waits")];
    assert_eq!(lost(&mut client), [Lost { reason: LostReason::Stopped, unacked: vec![], unsent }]);
}

#[test]
fn a_session_that_is_over_tries_again_once_it_is_reopened() {
    let refused = Closed::abnormal(ClosedBy::Refused, false, "");
    let mut client = ClientSession::new(ClientConfig::default());
    client.stop(&Denial::new(1_000, ""));
    client.reopen();
    assert!(!client.is_over());
    assert!(matches!(client.ended(NOW, &refused), Ending::Retry { .. }));
}
