//! The log hook: what it is told of a life, what it is never told, and what it may do.

use std::cell::RefCell;
use std::rc::Rc;

use rejoin::session::SessionTarget;
use rejoin::{Builder, ClosedBy, KeepAlive, LogRecord, Socket, State, Target, TargetError, WeakHandle};

use crate::rig::{at_once, is_closed, next_text, on_one_thread, until};
use crate::server::Server;
use crate::session_rig::{self, World};
use rejoin_test_support::proxy::{Fault, Proxy};
use rejoin_test_support::within;

type Records = Rc<RefCell<Vec<LogRecord>>>;

fn hook(records: &Records) -> impl Fn(&LogRecord) + use<> {
    let records = records.clone();
    move |record| records.borrow_mut().push(record.clone())
}

/// A record by its kind, with the figures that are the same at each run.
fn short(record: &LogRecord) -> String {
    match record {
        LogRecord::Waiting { attempt, .. } => format!("waiting before attempt {attempt}"),
        LogRecord::Ended(closed) => format!("ended {:?} gave up {}", closed.by, closed.gave_up),
        LogRecord::Dialing { .. } => "dialing".into(),
        other => other.to_string(),
    }
}

#[test]
fn a_whole_life_is_recorded_in_order() {
    on_one_thread(async {
        let (server, records) = (Server::echo().await, Records::default());
        let proxy = Proxy::start(server.address).await.unwrap();
        let backoff = at_once().with_max_attempts(2);
        let builder = Socket::builder(proxy.url("/")).reconnect(backoff).log(hook(&records));
        let mut socket = builder.connect().await.unwrap();
        socket.send("hello").await.unwrap();
        assert_eq!(next_text(&mut socket).await, "hello");
        proxy.lead(None);
        proxy.strike(Fault::Reset);
        until(&socket, is_closed).await;
        let found: Vec<String> = records.borrow().iter().map(short).collect();
        let expected = [
            "connecting, attempt 1",
            "dialing",
            "open",
            "sent 5",
            "received 5",
            "closing",
            "ended Network gave up false",
            "waiting before attempt 2",
            "connecting, attempt 2",
            "dialing",
            "ended Refused gave up true",
            "closed",
        ];
        assert_eq!(found, expected);
        let texts: Vec<String> = records.borrow().iter().map(ToString::to_string).collect();
        assert!(texts[1].starts_with("dialing ws://127.0.0.1:"), "{texts:?}");
        assert!(texts[7].starts_with("waiting ") && texts[10].ends_with(", gave up"), "{texts:?}");
    });
}

#[test]
fn pings_and_what_waits_are_recorded() {
    on_one_thread(async {
        let (server, records) = (Server::echo().await, Records::default());
        let ping = KeepAlive::text("ping", "ping").interval(std::time::Duration::from_millis(5));
        let socket = Socket::builder(server.url("/")).keep_alive(ping).log(hook(&records)).connect().await;
        let socket = socket.unwrap();
        within(async {
            while socket.metrics().round_trip.is_none() {
                tokio::task::yield_now().await;
            }
        })
        .await;
        let records = records.borrow();
        let at = |wanted: fn(&LogRecord) -> bool| records.iter().position(wanted).unwrap();
        let ping = at(|record| *record == LogRecord::Ping);
        assert!(ping < at(|record| matches!(record, LogRecord::Pong { .. })));
    });
}

#[test]
fn tokens_queries_and_payloads_are_never_recorded() {
    on_one_thread(async {
        let (server, records) = (Server::echo().await, Records::default());
        let address = server.address;
        let hide = |records: &Records| {
            for record in records.borrow().iter() {
                let text = format!("{record} {record:?}");
                assert!(!text.contains("SECRET"), "{text}");
            }
            assert!(!records.borrow().is_empty());
        };
        let builder = Builder::asking(move |attempt| async move {
            if attempt == 1 {
                return Err(TargetError("no answer from https://sso/?token=SECRET".into()));
            }
            let url = format!("ws://{address}/?token=SECRET");
            Ok(Target::new(url).first("SECRET first"))
        });
        let mut socket = builder.reconnect(at_once()).log(hook(&records)).open().unwrap();
        within(socket.opened()).await.unwrap();
        assert_eq!(next_text(&mut socket).await, "SECRET first");
        socket.send("SECRET payload").await.unwrap();
        assert_eq!(next_text(&mut socket).await, "SECRET payload");
        socket.close(rejoin::Close::normal()).await;
        hide(&records);
        // What can't be a target at all is told in an error, and not recorded.
        for url in ["ws://user:SECRET@127.0.0.1:1/?SECRET", "wss://127.0.0.1:1/?SECRET#SECRET", "SECRET:?"] {
            let records = Records::default();
            let builder = Builder::asking(move |_| async move { Ok(Target::new(url)) });
            let socket = builder.reconnect(None).log(hook(&records)).open().unwrap();
            until(&socket, is_closed).await;
            hide(&records);
        }
        let (world, records) = (World::new().await, Records::default());
        let builder = world.builder().auth("SECRET token").log(hook(&records));
        assert!(within(builder.connect()).await.is_err());
        let mut session = within(world.builder().log(hook(&records)).connect()).await.unwrap();
        session.send("SECRET message").await.unwrap();
        session_rig::recv(&mut session).await;
        session.publish("room", "SECRET entry").await.unwrap().await.unwrap();
        hide(&records);
        let live = LogRecord::Live { resumed: false };
        assert!(records.borrow().contains(&live));
        assert!(records.borrow().contains(&LogRecord::SessionEnded { code: 4401 }));
    });
}

#[test]
fn a_hook_may_send_and_close() {
    on_one_thread(async {
        let server = Server::echo().await;
        let handle: Rc<RefCell<Option<WeakHandle>>> = Rc::default();
        let (of_hook, records) = (handle.clone(), Records::default());
        let list = records.clone();
        let builder = Socket::builder(server.url("/")).log(move |record| {
            list.borrow_mut().push(record.clone());
            let Some(handle) = of_hook.borrow().as_ref().and_then(WeakHandle::upgrade) else { return };
            match record {
                // What a hook sends is not recorded, or it would never come to an end.
                LogRecord::Open | LogRecord::Sent { .. } => handle.try_send(record.to_string()).unwrap(),
                LogRecord::Received { .. } => handle.begin_close(rejoin::Close::normal()),
                _ => {}
            }
        });
        let socket = builder.reconnect(at_once()).open().unwrap();
        handle.replace(Some(socket.downgrade()));
        let State::Closed(Some(closed)) = until(&socket, is_closed).await else { unreachable!() };
        assert_eq!(closed.by, ClosedBy::Caller);
        assert_eq!(socket.metrics().sent, 1);
    });
}

#[test]
fn a_targets_debug_has_no_query_and_no_token() {
    let url = "wss://user:SECRET@example.org/feed?token=SECRET#SECRET";
    let plain = Target::new(url).protocol("a").first("SECRET");
    let session = SessionTarget::new(url).auth("SECRET");
    for shown in [format!("{plain:?}"), format!("{session:?}"), format!("{:?}", Some(session.clone()))] {
        assert!(shown.contains("wss://example.org/feed") && !shown.contains("SECRET"), "{shown}");
    }
}
