//! Providers that are slow, late, silent or wrong: one call at a time, and no wait without an end.

use std::cell::{Cell, RefCell};
use std::future::{Future, pending};
use std::rc::Rc;
use std::time::Duration;

use futures::channel::oneshot;
use rejoin::session::{SessionState, SessionTarget};
use rejoin::{Builder, Close, ClosedBy, OpenError, SessionBuilder, State, Target, TargetError};
use rejoin_test_support::within;

use crate::rig::{at_once, is_closed, is_open, on_one_thread, until};
use crate::server::Server;
use crate::session_rig::World;

type Answer = Result<Target, TargetError>;

/// The calls of a provider that the test answers.
#[derive(Clone, Default)]
struct Calls {
    made: Rc<Cell<u32>>,
    running: Rc<Cell<u32>>,
    most: Rc<Cell<u32>>,
    answers: Rc<RefCell<Vec<oneshot::Sender<Answer>>>>,
}

/// Counts a call that runs until it is dropped.
struct Running(Rc<Cell<u32>>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

impl Calls {
    fn call(&self) -> impl Future<Output = Answer> + use<> {
        self.made.set(self.made.get() + 1);
        self.running.set(self.running.get() + 1);
        self.most.set(self.most.get().max(self.running.get()));
        let running = Running(self.running.clone());
        let (answer, asked) = oneshot::channel();
        self.answers.borrow_mut().push(answer);
        async move {
            let _running = running;
            match asked.await {
                Ok(answer) => answer,
                Err(_) => pending().await,
            }
        }
    }

    fn builder(&self) -> Builder {
        let calls = self.clone();
        Builder::asking(move |_| calls.call())
    }

    async fn until(&self, made: u32) {
        within(async {
            while self.made.get() < made {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }

    fn answer(&self, answer: Answer) {
        let asked = self.answers.borrow_mut().pop().unwrap();
        assert!(asked.send(answer).is_ok(), "the call was dropped");
    }
}

const SHORT: Duration = Duration::from_millis(30);

/// Where the test has to answer within the next attempt's time-out: enough for a busy machine.
const AMPLE: Duration = Duration::from_secs(2);

/// Whether an attempt has failed because its provider was late.
fn was_late(state: &State) -> bool {
    matches!(state, State::Waiting { last, .. } if last.by == ClosedBy::ProviderTimeout)
}

#[test]
fn a_provider_may_take_longer_than_the_connect_time_out() {
    on_one_thread(async {
        let (server, calls) = (Server::echo().await, Calls::default());
        let socket = calls.builder().connect_timeout(SHORT).reconnect(at_once()).open().unwrap();
        calls.until(1).await;
        tokio::time::sleep(SHORT * 4).await;
        assert_eq!(socket.state(), State::Connecting { attempt: 1 });
        // The connect time-out is for the socket alone, which needs some time on a slow machine.
        drop(socket);
        let socket = calls.builder().reconnect(at_once()).open().unwrap();
        calls.until(2).await;
        calls.answer(Ok(Target::new(server.url("/"))));
        within(socket.opened()).await.unwrap();
        assert_eq!((calls.made.get(), calls.most.get()), (2, 1));
    });
}

#[test]
fn a_late_answer_is_used_and_no_second_call_runs_beside_it() {
    on_one_thread(async {
        let (server, calls) = (Server::echo().await, Calls::default());
        let hour = Duration::from_secs(3_600);
        let backoff = at_once().with_first(hour).with_cap(hour).with_first_floor(hour);
        let socket = calls.builder().provider_timeout(SHORT).reconnect(backoff).open().unwrap();
        until(&socket, was_late).await;
        // The wait is an hour long: the answer ends it.
        calls.answer(Ok(Target::new(server.url("/"))));
        until(&socket, is_open).await;
        assert_eq!((calls.made.get(), calls.most.get()), (1, 1));
        assert_eq!(calls.running.get(), 0);
    });
}

#[test]
fn a_late_answer_that_the_next_attempt_waits_for_is_used_by_it() {
    on_one_thread(async {
        let (server, calls) = (Server::echo().await, Calls::default());
        let socket = calls.builder().provider_timeout(AMPLE).reconnect(at_once()).open().unwrap();
        until(&socket, was_late).await;
        until(&socket, |state| matches!(state, State::Connecting { attempt: 2 })).await;
        calls.answer(Ok(Target::new(server.url("/"))));
        until(&socket, is_open).await;
        assert_eq!((calls.made.get(), calls.most.get()), (1, 1));
    });
}

#[test]
fn a_provider_that_never_answers_is_called_again_when_two_attempts_have_failed() {
    on_one_thread(async {
        let calls = Calls::default();
        let backoff = at_once().with_max_attempts(5);
        let socket = calls.builder().provider_timeout(SHORT).reconnect(backoff).open().unwrap();
        let State::Closed(Some(closed)) = until(&socket, is_closed).await else { unreachable!() };
        assert_eq!((closed.by, closed.gave_up), (ClosedBy::ProviderTimeout, true));
        assert_eq!((calls.made.get(), calls.most.get()), (3, 1), "five attempts, two for each call");
        within(async {
            while calls.running.get() > 0 {
                tokio::task::yield_now().await;
            }
        })
        .await;
    });
}

#[test]
fn a_late_failure_has_the_next_attempt_call_again() {
    on_one_thread(async {
        let (server, calls) = (Server::echo().await, Calls::default());
        let socket = calls.builder().provider_timeout(AMPLE).reconnect(at_once()).open().unwrap();
        until(&socket, was_late).await;
        calls.answer(Err(TargetError("too late and wrong".into())));
        calls.until(2).await;
        calls.answer(Ok(Target::new(server.url("/"))));
        until(&socket, is_open).await;
        assert_eq!((calls.made.get(), calls.most.get()), (2, 1));
    });
}

#[test]
fn close_drops_the_call_and_its_answer_changes_nothing() {
    on_one_thread(async {
        let calls = Calls::default();
        let socket = calls.builder().open().unwrap();
        calls.until(1).await;
        let closed = within(socket.close(Close::normal())).await;
        assert_eq!((closed.by, closed.was_open), (ClosedBy::Caller, false));
        within(async {
            while calls.running.get() > 0 {
                tokio::task::yield_now().await;
            }
        })
        .await;
        assert!(is_closed(&socket.state()));
    });
}

#[test]
fn reconnect_drops_the_call_and_asks_anew() {
    on_one_thread(async {
        let (server, calls) = (Server::echo().await, Calls::default());
        let socket = calls.builder().reconnect(at_once()).open().unwrap();
        calls.until(1).await;
        socket.reconnect();
        calls.until(2).await;
        let first = calls.answers.borrow_mut().remove(0);
        assert!(first.send(Ok(Target::new("ws://wrong.invalid/"))).is_err(), "the first call was dropped");
        calls.answer(Ok(Target::new(server.url("/"))));
        within(socket.opened()).await.unwrap();
        assert_eq!(calls.made.get(), 2);
    });
}

#[test]
fn a_provider_that_names_something_else_than_a_url_is_told_what_is_right() {
    on_one_thread(async {
        let builder = Builder::asking(|_| async { Ok(Target::new("ftp://example.org/")) });
        let failed = within(builder.reconnect(None).connect()).await.err().unwrap();
        let OpenError::Failed(closed) = failed else { panic!() };
        assert_eq!(closed.by, ClosedBy::Provider);
        assert!(closed.reason.contains("ftp") && closed.reason.contains("ws"), "{closed}");
    });
}

#[test]
fn a_sessions_token_may_come_late_as_well() {
    on_one_thread(async {
        let world = World::new().await;
        let (url, made) = (world.proxy.url("/"), Rc::new(Cell::new(0)));
        let (answer, asked) = oneshot::channel::<()>();
        let (count, asked) = (made.clone(), Rc::new(RefCell::new(Some(asked))));
        let builder = SessionBuilder::asking(move |_| {
            count.set(count.get() + 1);
            let (url, asked) = (url.clone(), asked.take());
            async move {
                match asked {
                    Some(asked) => asked.await.map_err(|error| TargetError(error.to_string()))?,
                    None => pending().await,
                }
                Ok(SessionTarget::new(url))
            }
        });
        let session = builder.provider_timeout(AMPLE).reconnect(at_once()).open().unwrap();
        let mut states = session.states();
        within(async {
            use futures::StreamExt;
            let mut answer = Some(answer);
            while let Some(state) = states.next().await {
                match state {
                    SessionState::Waiting { last, .. } if last.by == ClosedBy::ProviderTimeout => {
                        if let Some(answer) = answer.take() {
                            answer.send(()).unwrap();
                        }
                    }
                    SessionState::Live => return,
                    _ => {}
                }
            }
        })
        .await;
        assert_eq!(made.get(), 1);
    });
}
