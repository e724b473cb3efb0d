//! Callbacks that call back in: open, send, close, reconnect, drop, from within each of them.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use futures::StreamExt;
use futures::channel::mpsc;
use rejoin::{Close, ClosedBy, Event, Message, Socket, State};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::common::{Place, at_once, is_closed, next_text, settle, until, within};

#[wasm_bindgen_test]
async fn a_message_handler_may_send() {
    let place = Place::new();
    let socket = place.connect("/echo").await;
    let (done, mut all) = mpsc::unbounded();
    let (handle, count) = (socket.handle(), Cell::new(0));
    // A handler that holds its own connection's handle keeps both alive; taken off below.
    socket.set_on_message(Some(Box::new(move |message| {
        count.set(count.get() + 1);
        if count.get() < 100 {
            handle.try_send(message.to_message()).unwrap();
        } else {
            done.unbounded_send(()).unwrap();
        }
    })));
    socket.send("round and round").await.unwrap();
    within(all.next()).await.unwrap();
    socket.set_on_message(None);
    drop(socket);
    assert_eq!(place.stats("alive.le.0").await.messages, 100);
}

#[wasm_bindgen_test]
async fn a_message_handler_may_close() {
    let place = Place::new();
    let socket = place.connect("/burst?count=10&size=1").await;
    let (handle, count) = (socket.handle(), Rc::new(Cell::new(0)));
    let counted = count.clone();
    socket.set_on_message(Some(Box::new(move |_| {
        counted.set(counted.get() + 1);
        handle.begin_close(Close::new(4100, "heard enough").unwrap());
    })));
    until(&socket, is_closed).await;
    socket.set_on_message(None);
    assert!(count.get() >= 1);
    assert_eq!(place.stats("codes.ge.1").await.codes, [4100]);
}

#[wasm_bindgen_test]
async fn a_message_handler_may_reconnect_and_open_another_connection() {
    let place = Place::new();
    let socket = place.connect("/echo").await;
    let (url, handle, other) = (place.url("/echo"), socket.handle(), Rc::new(RefCell::new(None)));
    let opened = other.clone();
    socket.set_on_message(Some(Box::new(move |_| {
        handle.reconnect();
        opened.replace(Some(Socket::open(url.as_str()).unwrap()));
    })));
    socket.send("go").await.unwrap();
    place.stats("opened.ge.3").await;
    within(socket.opened()).await.unwrap();
    let second = other.borrow().as_ref().unwrap().handle();
    within(second.opened()).await.unwrap();
    socket.set_on_message(None);
    drop((socket, other, second));
    place.stats("alive.le.0").await;
}

#[wasm_bindgen_test]
async fn a_message_handler_may_drop_the_connection_that_runs_it() {
    let place = Place::new();
    let socket = place.connect("/echo").await;
    for n in 0..10 {
        socket.try_send(n.to_string()).unwrap();
    }
    let own: Rc<RefCell<Option<Socket>>> = Rc::default();
    let (owned, count) = (own.clone(), Rc::new(Cell::new(0)));
    let counted = count.clone();
    socket.set_on_message(Some(Box::new(move |_| {
        counted.set(counted.get() + 1);
        drop(owned.take());
    })));
    own.replace(Some(socket));
    place.stats("alive.le.0,codes.ge.1").await;
    settle().await;
    assert_eq!(count.get(), 1, "nothing comes after the drop");
}

#[wasm_bindgen_test]
async fn an_event_handler_may_drop_the_connection_that_runs_it() {
    for at in ["open", "end"] {
        let place = Place::new();
        let socket = Rc::new(RefCell::new(Some(
            place.builder("/close?code=1012").reconnect(at_once()).open().unwrap(),
        )));
        let (owned, (done, mut dropped)) = (socket.clone(), mpsc::unbounded());
        let handler = move |event: Event| {
            let now = match &event {
                Event::State(state) => at == "open" && *state == State::Open,
                _ => at == "end" && matches!(event, Event::Disconnected(_)),
            };
            if now && let Some(socket) = owned.take() {
                drop(socket);
                done.unbounded_send(()).unwrap();
            }
        };
        socket.borrow().as_ref().unwrap().set_on_event(Some(Box::new(handler)));
        within(dropped.next()).await.unwrap();
        settle().await;
        assert_eq!(place.stats("alive.le.0").await.attempts, 1);
    }
}

#[wasm_bindgen_test]
async fn an_event_handler_may_send_close_and_reconnect() {
    let place = Place::new();
    let socket = place.builder("/echo").reconnect(at_once()).open().unwrap();
    let (handle, opens) = (socket.handle(), Cell::new(0));
    socket.set_on_event(Some(Box::new(move |event| match event {
        Event::State(State::Open) => {
            opens.set(opens.get() + 1);
            handle.try_send(format!("open {}", opens.get())).unwrap();
            match opens.get() {
                1 | 2 => handle.reconnect(),
                _ => handle.begin_close(Close::new(4101, "").unwrap()),
            }
        }
        Event::State(State::Closed(_)) => assert!(handle.try_send("too late").is_err()),
        _ => {}
    })));
    let State::Closed(Some(closed)) = until(&socket, is_closed).await else { unreachable!() };
    assert_eq!((closed.by, closed.code), (ClosedBy::Caller, 4101));
    socket.set_on_event(None);
    let stats = place.stats("codes.ge.3,alive.le.0").await;
    assert_eq!((stats.opened, stats.codes.last()), (3, Some(&4101)));
    assert_eq!(stats.texts, ["open 1", "open 2", "open 3"]);
}

#[wasm_bindgen_test]
async fn a_handler_that_reconnects_at_each_end_is_told_every_state_in_order() {
    let place = Place::new();
    let socket = place.builder("/close?code=4000").reconnect(None).open().unwrap();
    let (handle, told) = (socket.handle(), Rc::new(RefCell::new(Vec::new())));
    let (list, (done, mut all)) = (told.clone(), mpsc::unbounded());
    socket.set_on_event(Some(Box::new(move |event| {
        let Event::State(state) = event else { return };
        list.borrow_mut().push(state.clone());
        assert_eq!(handle.state(), state, "the handle agrees with what is told");
        if is_closed(&state) {
            match list.borrow().iter().filter(|state| is_closed(state)).count() {
                1 | 2 => handle.reconnect(),
                _ => done.unbounded_send(()).unwrap(),
            }
        }
    })));
    within(all.next()).await.unwrap();
    socket.set_on_event(None);
    let names: String = told
        .borrow()
        .iter()
        .map(|state| match state {
            State::Connecting { .. } => 'c',
            State::Open => 'o',
            State::Closing => '-',
            State::Waiting { .. } => 'w',
            State::Closed(_) => 'x',
            _ => '?',
        })
        .filter(|name| *name != '-')
        .collect();
    assert_eq!(names, "oxcoxcox");
}

#[wasm_bindgen_test]
async fn the_decision_about_reconnecting_may_call_back_in() {
    let place = Place::new();
    let socket: Rc<RefCell<Option<Socket>>> = Rc::default();
    let (own, calls) = (socket.clone(), Rc::new(Cell::new(0)));
    let count = calls.clone();
    let builder = place.builder("/close?code=1012").reconnect(at_once()).should_reconnect(move |_| {
        count.set(count.get() + 1);
        let own = own.borrow();
        let socket = own.as_ref().unwrap();
        match count.get() {
            1 => socket.reconnect(),
            _ => socket.begin_close(Close::normal()),
        }
        true
    });
    socket.replace(Some(builder.open().unwrap()));
    let handle = socket.borrow().as_ref().unwrap().handle();
    until(&handle, is_closed).await;
    assert_eq!(place.stats("alive.le.0").await.attempts, 2);
    drop(socket.take());
}

#[wasm_bindgen_test]
async fn what_to_send_first_may_close_and_then_nothing_is_sent() {
    let place = Place::new();
    let socket: Rc<RefCell<Option<Socket>>> = Rc::default();
    let own = socket.clone();
    let builder = place.builder("/echo").reconnect(None).first(move || {
        if let Some(socket) = &*own.borrow() {
            socket.begin_close(Close::new(4102, "").unwrap());
        }
        vec![Message::from("greeting")]
    });
    socket.replace(Some(builder.open().unwrap()));
    let handle = socket.borrow().as_ref().unwrap().handle();
    let State::Closed(Some(closed)) = until(&handle, is_closed).await else { unreachable!() };
    assert_eq!(closed.by, ClosedBy::Caller);
    assert_eq!(place.stats("alive.le.0").await.messages, 0);
    drop(socket.take());
}

#[wasm_bindgen_test]
async fn a_handler_may_replace_itself() {
    let place = Place::new();
    let mut socket = place.connect("/echo").await;
    let (handle, seen) = (socket.handle(), Rc::new(Cell::new(0)));
    let count = seen.clone();
    socket.set_on_message(Some(Box::new(move |_| {
        count.set(count.get() + 1);
        handle.set_on_message(None);
    })));
    socket.send("for the handler").await.unwrap();
    socket.send("for the stream").await.unwrap();
    assert_eq!(next_text(&mut socket).await, "for the stream");
    assert_eq!(seen.get(), 1);
}

#[wasm_bindgen_test]
async fn a_handler_with_a_weak_handle_calls_back_in_and_keeps_nothing_alive() {
    let place = Place::new();
    let socket = place.connect("/echo").await;
    let (done, mut all) = mpsc::unbounded();
    let (weak, count) = (socket.downgrade(), Cell::new(0));
    let of_handler = weak.clone();
    socket.set_on_message(Some(Box::new(move |message| {
        count.set(count.get() + 1);
        match of_handler.upgrade() {
            Some(handle) if count.get() < 3 => handle.try_send(message.to_message()).unwrap(),
            _ => done.unbounded_send(()).unwrap(),
        }
    })));
    socket.send("round").await.unwrap();
    within(all.next()).await.unwrap();
    drop(socket);
    assert!(weak.upgrade().is_none());
    assert_eq!(place.stats("alive.le.0").await.messages, 3);
}
