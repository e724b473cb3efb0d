//! Those who wait for room: how many may, in which order they go, and what becomes of them when the session closes.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use futures::FutureExt;
use futures::future::join_all;
use rejoin::session::{Refusal, SessionLimits, Since};
use rejoin::{Overflow, QueueLimits, SendError, Session, SessionBuilder, Socket};
use rejoin_test_support::within;
use tokio::task::spawn_local;

use crate::rig::on_one_thread;
use crate::session_rig::World;

/// With room for ten messages and ten publications.
fn narrow(builder: SessionBuilder) -> SessionBuilder {
    let mut limits = SessionLimits::default();
    (limits.queue_messages, limits.publications) = (10, 10);
    builder.limits(limits)
}

/// It has nowhere to connect to.
fn offline(world: &World) -> Session {
    world.proxy.lead(None);
    narrow(world.builder()).max_waiting(5, 1_000).open().unwrap()
}

/// So many have begun to wait.
async fn in_line(session: &Session, count: usize) {
    within(async {
        while session.metrics().waiting < count {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[test]
fn as_many_wait_as_may_and_the_next_has_its_message_back() {
    on_one_thread(async {
        let world = World::new().await;
        let session = offline(&world);
        for number in 0..10 {
            session.try_send(number.to_string()).unwrap();
            let _receipt = session.try_publish("room", number.to_string()).unwrap();
        }
        let mut sending: Vec<_> = (0..5).map(|_| Box::pin(session.send("12345678"))).collect();
        let mut publishing: Vec<_> = (0..5).map(|_| Box::pin(session.publish("room", "12345678"))).collect();
        assert!(sending.iter_mut().all(|future| future.now_or_never().is_none()));
        assert!(publishing.iter_mut().all(|future| future.now_or_never().is_none()));
        assert_eq!((session.metrics().waiting, session.metrics().waiting_bytes), (10, 400));
        let refused = session.send("one more").now_or_never().unwrap().unwrap_err();
        assert_eq!((refused.reason, refused.message.as_text()), (Refusal::Full, Some("one more")));
        let refused = session.publish("room", "one more").now_or_never().unwrap().err().unwrap();
        assert_eq!((refused.reason, &refused.message[..]), (Refusal::Full, &b"one more"[..]));
        // Who stops waiting makes room.
        drop(sending.remove(2));
        drop(publishing.remove(0));
        assert_eq!(session.metrics().waiting, 8);
        let large = session.send("x".repeat(1_000)).now_or_never().unwrap().unwrap_err();
        assert_eq!((large.reason, large.message.body.len()), (Refusal::Full, 1_000));
        assert!(session.send("fits").now_or_never().is_none());
        assert_eq!(session.metrics().waiting, 8, "a future that is dropped waits no longer");
    });
}

#[test]
fn nobody_passes_those_in_line() {
    on_one_thread(async {
        let world = World::new().await;
        let session = offline(&world);
        for number in 0..10 {
            session.try_send(number.to_string()).unwrap();
        }
        let mut waits = Box::pin(session.send("in line"));
        assert!(waits.as_mut().now_or_never().is_none());
        assert_eq!(session.take_waiting().len(), 10);
        let refused = session.try_send("in a hurry").unwrap_err();
        assert_eq!((refused.reason, refused.message.as_text()), (Refusal::Full, Some("in a hurry")));
        // Publications have a line of their own.
        let _receipt = session.try_publish("room", "no hurry").unwrap();
        within(waits).await.unwrap();
        session.try_send("in a hurry").unwrap();
        let waiting = session.take_waiting();
        let texts: Vec<_> = waiting.iter().filter_map(|message| message.as_text()).collect();
        assert_eq!(texts, ["in line", "in a hurry"]);
    });
}

#[test]
fn many_who_wait_go_in_order_and_each_is_polled_a_few_times() {
    on_one_thread(async {
        let world = World::new().await;
        let count = 4_000;
        // The server releases messages by 64.
        let mut limits = SessionLimits::default();
        limits.queue_messages = 200;
        let session = within(world.builder().limits(limits).connect()).await.unwrap();
        let polls = Rc::new(Cell::new(0));
        let begun = Instant::now();
        let sending = (0..count).map(|number| {
            let (handle, polls) = (session.handle(), polls.clone());
            spawn_local(async move {
                let mut sends = Box::pin(handle.send(number.to_string()));
                std::future::poll_fn(|context| {
                    polls.set(polls.get() + 1);
                    sends.as_mut().poll_unpin(context)
                })
                .await
            })
        });
        for sent in within(join_all(sending)).await {
            sent.unwrap().unwrap();
        }
        assert!(within(session.close()).await.is_nothing());
        let expected: Vec<String> = (0..count).map(|number| number.to_string()).collect();
        assert_eq!(world.hub.heard(), expected);
        assert!(polls.get() <= 4 * count, "{} polls in {:?}", polls.get(), begun.elapsed());
    });
}

#[test]
fn closing_takes_those_along_who_wait_and_nobody_else() {
    on_one_thread(async {
        let world = World::new().await;
        let session = within(narrow(world.builder()).connect()).await.unwrap();
        let sending: Vec<_> = (0..50)
            .map(|number| {
                let handle = session.handle();
                spawn_local(async move { handle.send(number.to_string()).await })
            })
            .collect();
        let publishing: Vec<_> = (0..50)
            .map(|number| {
                let handle = session.handle();
                spawn_local(async move { handle.publish("room", number.to_string()).await })
            })
            .collect();
        in_line(&session, 80).await;
        session.begin_close();
        assert_eq!(session.send("late").await.unwrap_err().reason, Refusal::Closed);
        assert_eq!(session.try_send("late").unwrap_err().reason, Refusal::Closed);
        let left = within(session.close()).await;
        assert!(left.is_nothing(), "{left:?}");
        for sent in within(join_all(sending)).await {
            sent.unwrap().unwrap();
        }
        for published in within(join_all(publishing)).await {
            within(published.unwrap().unwrap()).await.unwrap();
        }
        assert_eq!(world.hub.heard().len(), 50);
    });
}

#[test]
fn those_who_wait_when_the_time_for_closing_is_over_are_counted_and_have_their_messages_back() {
    on_one_thread(async {
        let world = World::new().await;
        world.proxy.lead(None);
        let session = narrow(world.builder()).drain_timeout(Duration::from_millis(50)).open().unwrap();
        let tasks: Vec<_> = (0..15)
            .map(|number| {
                let handle = session.handle();
                spawn_local(async move {
                    let sent = handle.send(number.to_string()).await;
                    let published = handle.publish("room", number.to_string()).await;
                    (sent, published)
                })
            })
            .collect();
        in_line(&session, 5).await;
        let left = within(session.close()).await;
        assert_eq!((left.unsent, left.unanswered), (15, 10));
        let done = within(join_all(tasks)).await;
        for (number, done) in done.into_iter().enumerate() {
            let (sent, published) = done.unwrap();
            if number < 10 {
                sent.unwrap();
                assert!(published.is_ok());
            } else {
                let refused = sent.unwrap_err();
                assert_eq!(refused.reason, Refusal::Closed);
                assert_eq!(refused.message.as_text(), Some(number.to_string().as_str()));
                assert_eq!(published.err().unwrap().reason, Refusal::Closed);
            }
        }
        assert_eq!(session.subscribe("room", Since::Now).err(), Some(Refusal::Closed));
    });
}

#[test]
fn a_socket_bounds_those_who_wait_as_well() {
    on_one_thread(async {
        let world = World::new().await;
        world.proxy.lead(None);
        let queue = QueueLimits::new(2, 1_000, Overflow::Wait);
        let builder = Socket::builder(world.proxy.url("/")).queue(queue).max_waiting(2, 100);
        let socket = builder.open().unwrap();
        socket.try_send("one").unwrap();
        socket.try_send("two").unwrap();
        let mut waits: Vec<_> = ["three", "four"].map(|text| Box::pin(socket.send(text))).into();
        assert!(waits.iter_mut().all(|future| future.now_or_never().is_none()));
        assert_eq!((socket.metrics().waiting, socket.metrics().waiting_bytes), (2, 9));
        let unsent = socket.send("five").now_or_never().unwrap().unwrap_err();
        assert_eq!((unsent.error, unsent.message.len()), (SendError::Full, 4));
        drop(waits.remove(0));
        assert_eq!(socket.take_queue().len(), 2);
        within(waits.remove(0)).await.unwrap();
        assert_eq!(socket.metrics().waiting, 0);
    });
}

#[test]
fn who_waits_for_a_message_is_told_that_the_session_is_over() {
    on_one_thread(async {
        let world = World::new().await;
        let mut session = offline(&world);
        let handle = session.handle();
        let reader = spawn_local(async move { session.recv().await.is_none() });
        tokio::task::yield_now().await;
        within(handle.close()).await;
        assert!(within(reader).await.unwrap());
    });
}
