//! Attempts that first learn where to connect.

use std::time::Duration;

use rejoin_protocol::{ClosedBy, Input, LinkConfig, State};

use crate::rig::{Rig, is_open};

fn asking() -> LinkConfig {
    let mut config = LinkConfig::default();
    config.provider_timeout = Some(Duration::from_secs(60));
    config
}

fn begun() -> Rig {
    let mut rig = Rig::new(asking());
    rig.open();
    rig
}

fn dial(rig: &mut Rig) {
    rig.input(Input::Dialing { generation: rig.newest.unwrap() });
}

#[test]
fn the_connect_time_out_begins_when_the_provider_has_answered() {
    let mut rig = begun();
    rig.run_to(50_000);
    assert_eq!(rig.state(), State::Connecting { attempt: 1 });
    dial(&mut rig);
    // Said twice, it begins once.
    rig.at(55_000);
    dial(&mut rig);
    rig.run_to(59_999);
    assert_eq!(rig.state(), State::Connecting { attempt: 1 });
    rig.run_to(60_000);
    assert_eq!(rig.closed().by, ClosedBy::ConnectTimeout);
}

#[test]
fn a_provider_that_is_late_fails_its_attempt_with_a_cause_of_its_own() {
    let mut rig = begun();
    rig.run_to(60_000);
    let closed = rig.closed();
    assert_eq!((closed.by, closed.was_open), (ClosedBy::ProviderTimeout, false));
    assert!(matches!(rig.state(), State::Waiting { attempt: 2, .. }));
}

#[test]
fn a_late_answer_ends_the_wait_for_the_next_attempt() {
    let mut rig = begun();
    rig.run_to(60_000);
    rig.take();
    rig.link.retry_now(rig.now);
    rig.input(Input::Frozen);
    assert_eq!(rig.count(is_open), 1);
    dial(&mut rig);
    rig.accept();
    assert_eq!(rig.state(), State::Open);
}

#[test]
fn a_time_out_of_zero_is_refused() {
    let mut config = asking();
    config.provider_timeout = Some(Duration::ZERO);
    assert!(config.check().unwrap_err().to_string().contains("provider_timeout"));
}
