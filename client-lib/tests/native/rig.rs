//! What the tests share: one thread, patience, and waiting for a state.

use std::future::Future;
use std::time::Duration;

use futures::StreamExt;
use rejoin::{Backoff, Handle, Incoming, Socket, State};
use rejoin_test_support::proxy::Fault;
use rejoin_test_support::within;
use tokio::task::LocalSet;

/// Lets nothing pass, while both ends believe the connection open.
pub(crate) const FREEZE: Fault = Fault::Stall(Duration::from_secs(3_600));
/// Lets everything pass again.
pub(crate) const THAW: Fault = Fault::Stall(Duration::ZERO);

/// Runs a test on one thread, as a program would run its connections.
pub(crate) fn on_one_thread(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(LocalSet::new().run_until(within(test)));
}

/// A back-off that comes back at once, for tests that are not about its times.
pub(crate) fn at_once() -> Backoff {
    let least = Duration::from_millis(1);
    Backoff::default().with_first(least).with_cap(least).with_floor(Duration::ZERO)
}

/// The first state for which `is` holds.
pub(crate) async fn until(handle: &Handle, is: impl Fn(&State) -> bool) -> State {
    let mut states = handle.states();
    within(async {
        loop {
            let state = states.next().await.expect("the connection was dropped");
            if is(&state) {
                return state;
            }
        }
    })
    .await
}

pub(crate) fn is_open(state: &State) -> bool {
    *state == State::Open
}

pub(crate) fn is_closed(state: &State) -> bool {
    matches!(state, State::Closed(_))
}

pub(crate) async fn next(socket: &mut Socket) -> Incoming {
    within(socket.next()).await.expect("the stream has ended")
}

pub(crate) async fn next_text(socket: &mut Socket) -> String {
    next(socket).await.to_text().expect("a text")
}
