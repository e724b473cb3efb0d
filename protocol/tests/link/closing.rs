//! Close handshakes, decisions after an end, and what comes back unsent.

use rejoin_protocol::{Close, ClosedBy, LinkConfig, State};

use crate::rig::Rig;

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
fn a_close_handshake_whose_timers_are_always_late_ends_all_the_same() {
    let mut rig = Rig::opened(LinkConfig::default());
    rig.close(Close::normal());
    rig.at(60_000).timeout();
    rig.at(120_000).timeout();
    assert_eq!((rig.state(), rig.closed().by), (State::Closed, ClosedBy::CloseTimeout));
}
