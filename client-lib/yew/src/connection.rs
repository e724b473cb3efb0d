//! A connection in a component's memory: opened after a rendering, replaced when its target changes, closed with the
//! component.

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;

use futures_core::Stream;
use rejoin::{Builder, Event, Handle, Incoming, OpenError, SendError, State, States};
use yew::platform::spawn_local;
use yew::prelude::*;

use crate::UseSocketHandle;
use crate::turn::{TargetKey, Turn, use_turn};

/// What a hook knows of its connection.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub enum Connection {
    /// Not begun: the component has not been rendered yet, or not with this target.
    #[default]
    Idle,
    /// In this state.
    Is(State),
    /// It could not even be begun: the builder's settings are wrong, or the browser refused.
    Failed(OpenError),
}

/// The handlers as of the latest rendering, so that a connection opened once calls the newest closures.
pub(crate) struct Latest {
    pub(crate) on_message: Callback<Incoming>,
    /// None leaves what was never sent to `take_unsent`.
    pub(crate) on_event: Option<Callback<Event>>,
}

/// Renders each state, the last one in any case, until the connection is dropped or another has followed.
async fn follow(mut states: States, turn: Turn, setter: UseStateSetter<(u64, Connection)>) {
    while let Some(state) = poll_fn(|context| Pin::new(&mut states).poll_next(context)).await {
        if !turn.is_present() {
            return;
        }
        setter.set((turn.number(), Connection::Is(state)));
    }
}

/// Opens the connection after the first rendering, another one after each rendering with another target, and closes it
/// when the component goes.
#[hook]
pub(crate) fn use_connection(builder: impl FnOnce() -> Builder + 'static, latest: Latest) -> UseSocketHandle {
    let connection = use_state(|| (0, Connection::default()));
    let handle = use_mut_ref(|| None::<(u64, Handle)>);
    let handlers = use_mut_ref(|| None::<Rc<Latest>>);
    let builder = builder();
    let turn = use_turn(TargetKey::new(builder.url(), builder.protocols()));
    *handlers.borrow_mut() = Some(Rc::new(latest));

    let (setter, kept) = (connection.setter(), handle.clone());
    let (mine, of_end) = (turn.clone(), handlers.clone());
    use_effect_with(turn.number(), move |_| {
        match builder.open() {
            Ok(socket) => {
                let socket = socket.handle();
                // Before the handlers, which may ask for it.
                kept.replace(Some((mine.number(), socket.clone())));
                setter.set((mine.number(), Connection::Is(socket.state())));
                attach(&socket, &mine, &handlers);
                spawn_local(follow(socket.states(), mine.clone(), setter));
            }
            Err(error) => setter.set((mine.number(), Connection::Failed(error))),
        }
        move || {
            mine.end();
            if let Some((_, handle)) = kept.take() {
                // Other handles may live on; this component hears no more of them.
                handle.set_on_message(None);
                handle.set_on_event(None);
                let latest = of_end.borrow().clone();
                if let Some(on_event) = latest.as_ref().and_then(|latest| latest.on_event.as_ref())
                    // An open connection still transmits its queue.
                    && handle.state() != State::Open
                {
                    let (messages, error) = (handle.take_queue(), SendError::Closed);
                    if !messages.is_empty() {
                        on_event.emit(Event::Unsent { messages, error });
                    }
                }
                handle.begin_close(rejoin::Close::normal());
            }
        }
    });
    UseSocketHandle { connection, handle, turn: turn.number() }
}

fn attach(socket: &Handle, turn: &Turn, handlers: &Rc<RefCell<Option<Rc<Latest>>>>) {
    // Cloned out of the borrow: the callback may render and so replace the handlers.
    let latest = {
        let (turn, handlers) = (turn.clone(), handlers.clone());
        move || turn.is_present().then(|| handlers.borrow().clone()).flatten()
    };
    let of_events = latest.clone();
    socket.set_on_message(Some(Box::new(move |message| {
        if let Some(latest) = latest() {
            latest.on_message.emit(message);
        }
    })));
    if of_events().is_some_and(|latest| latest.on_event.is_some()) {
        socket.set_on_event(Some(Box::new(move |event| {
            if let Some(on_event) = of_events().as_ref().and_then(|latest| latest.on_event.as_ref()) {
                on_event.emit(event);
            }
        })));
    }
}
