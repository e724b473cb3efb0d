//! A connection in a component's memory: opened after the first rendering, dropped with the component.

use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;

use futures_core::Stream;
use rejoin::{Builder, Event, Handle, Incoming, OpenError, State, States};
use yew::platform::spawn_local;
use yew::prelude::*;

/// What a hook knows of its connection.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub enum Connection {
    /// Not begun: the component has not been rendered yet.
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

/// Renders each state, the last one in any case, until the connection is dropped.
async fn follow(mut states: States, setter: UseStateSetter<Connection>) {
    while let Some(state) = poll_fn(|context| Pin::new(&mut states).poll_next(context)).await {
        setter.set(Connection::Is(state));
    }
}

/// Opens the connection after the first rendering and keeps it until the component goes.
#[hook]
pub(crate) fn use_connection(
    builder: impl FnOnce() -> Builder + 'static,
    latest: Latest,
) -> (UseStateHandle<Connection>, Rc<std::cell::RefCell<Option<Handle>>>) {
    let connection = use_state(Connection::default);
    let handle = use_mut_ref(|| None::<Handle>);
    let handlers = use_mut_ref(|| None::<Rc<Latest>>);
    *handlers.borrow_mut() = Some(Rc::new(latest));

    let setter = connection.setter();
    let kept = handle.clone();
    use_effect_with((), move |()| {
        match builder().open() {
            Ok(socket) => {
                setter.set(Connection::Is(socket.state()));
                let of_messages = handlers.clone();
                socket.set_on_message(Some(Box::new(move |message| {
                    // Cloned out of the borrow: the callback may render and so replace the handlers.
                    let latest = of_messages.borrow().clone();
                    if let Some(latest) = latest {
                        latest.on_message.emit(message);
                    }
                })));
                let events = handlers.borrow().as_ref().is_some_and(|latest| latest.on_event.is_some());
                if events {
                    socket.set_on_event(Some(Box::new(move |event| {
                        let latest = handlers.borrow().clone();
                        if let Some(on_event) = latest.as_ref().and_then(|latest| latest.on_event.as_ref()) {
                            on_event.emit(event);
                        }
                    })));
                }
                spawn_local(follow(socket.states(), setter));
                kept.replace(Some(socket.handle()));
            }
            Err(error) => setter.set(Connection::Failed(error)),
        }
        move || {
            if let Some(handle) = kept.take() {
                // Other handles may live on; this component hears no more of them.
                handle.set_on_message(None);
                handle.set_on_event(None);
                handle.begin_close(rejoin::Close::normal());
            }
        }
    });
    (connection, handle)
}
