//! The hook for a session.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;

use futures_core::Stream;
use rejoin::session::{
    ConnectError, Session, SessionBuilder, SessionEvent, SessionHandle, SessionMessage, SessionState,
    SessionStates,
};
use yew::platform::spawn_local;
use yew::prelude::*;

/// What a hook knows of its session.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub enum SessionStanding {
    /// Not begun: the component has not been rendered yet.
    #[default]
    Idle,
    /// In this state.
    Is(SessionState),
    /// It could not even be begun: the builder's settings are wrong, or the browser refused.
    Failed(ConnectError),
}

/// A component's session.
#[derive(Clone)]
pub struct UseSessionHandle {
    standing: UseStateHandle<SessionStanding>,
    handle: Rc<RefCell<Option<SessionHandle>>>,
}

impl UseSessionHandle {
    /// Where the session is, as of this rendering; each change renders anew.
    #[must_use]
    pub fn state(&self) -> &SessionStanding {
        &self.standing
    }

    /// The session itself, to send, publish, subscribe, call, close and ask; `None` before the first rendering and after
    /// a failure to begin.
    #[must_use]
    pub fn handle(&self) -> Option<SessionHandle> {
        self.handle.borrow().clone()
    }
}

impl PartialEq for UseSessionHandle {
    fn eq(&self, other: &Self) -> bool {
        *self.standing == *other.standing && Rc::ptr_eq(&self.handle, &other.handle)
    }
}

/// The handlers as of the latest rendering, so that a session begun once calls the newest closures.
struct Latest {
    on_message: Callback<SessionMessage>,
    on_event: Callback<SessionEvent>,
}

/// A session for as long as the component lives: begun after its first rendering, closed when it goes. Every message and
/// every event is emitted, in order; none of a burst is lost. What a channel brings comes by a
/// [`Feed`](rejoin::session::Feed), read in a task of the component's.
///
/// `builder` is called once. To connect elsewhere give the component another `key`.
///
/// ```no_run
/// use rejoin::session::{SessionBuilder, SessionEvent, SessionMessage};
/// use rejoin_yew::use_session;
/// use yew::prelude::*;
///
/// #[component]
/// fn Kitchen() -> Html {
///     let served = use_state(Vec::<String>::new);
///     let on_message = Callback::from(|message: SessionMessage| drop(message));
///     let on_event = Callback::from(|event: SessionEvent| drop(event));
///     let session = use_session(|| SessionBuilder::new("/session"), on_message, on_event);
///     let order = Callback::from({
///         let session = session.clone();
///         move |_: MouseEvent| {
///             if let Some(session) = session.handle() {
///                 let _refused = session.try_send("soup");
///             }
///         }
///     });
///     html! { <button onclick={order}>{ format!("{:?}, {} served", session.state(), served.len()) }</button> }
/// }
/// # fn main() {}
/// ```
#[hook]
pub fn use_session(
    builder: impl FnOnce() -> SessionBuilder + 'static,
    on_message: Callback<SessionMessage>,
    on_event: Callback<SessionEvent>,
) -> UseSessionHandle {
    let kept = use_kept(on_message, on_event);
    let mine = kept.clone();
    use_effect_with((), move |()| {
        mine.begun(builder().open());
        move || mine.end()
    });
    kept.into_handle()
}

/// [`use_session`] for a session that takes a while to be opened, as one does that is
/// [reopened](rejoin::session::SessionBuilder::reopen) after a reload of the page. `open` is called once, after the first
/// rendering; when the component goes before the session is there, it is closed as soon as it is.
#[hook]
pub fn use_session_from<F, Fut>(
    open: F,
    on_message: Callback<SessionMessage>,
    on_event: Callback<SessionEvent>,
) -> UseSessionHandle
where
    F: FnOnce() -> Fut + 'static,
    Fut: Future<Output = Result<Session, ConnectError>> + 'static,
{
    let kept = use_kept(on_message, on_event);
    let mine = kept.clone();
    use_effect_with((), move |()| {
        let (opening, waiting) = (open(), mine.clone());
        spawn_local(async move { waiting.begun(opening.await) });
        move || mine.end()
    });
    kept.into_handle()
}

/// A session in a component's memory.
#[derive(Clone)]
struct Kept {
    standing: UseStateHandle<SessionStanding>,
    handle: Rc<RefCell<Option<SessionHandle>>>,
    handlers: Rc<RefCell<Option<Rc<Latest>>>>,
    gone: Rc<Cell<bool>>,
}

#[hook]
fn use_kept(on_message: Callback<SessionMessage>, on_event: Callback<SessionEvent>) -> Kept {
    let standing = use_state(SessionStanding::default);
    let handle = use_mut_ref(|| None::<SessionHandle>);
    let handlers = use_mut_ref(|| None::<Rc<Latest>>);
    let gone = use_memo((), |()| Rc::new(Cell::new(false)));
    *handlers.borrow_mut() = Some(Rc::new(Latest { on_message, on_event }));
    Kept { standing, handle, handlers, gone: Rc::clone(&gone) }
}

impl Kept {
    fn begun(&self, opened: Result<Session, ConnectError>) {
        let setter = self.standing.setter();
        match opened {
            Ok(session) if self.gone.get() => session.begin_close(),
            Ok(session) => {
                let session = session.handle();
                // Before the handlers, which may ask for it.
                self.handle.replace(Some(session.clone()));
                setter.set(SessionStanding::Is(session.state()));
                attach(&session, &self.handlers);
                spawn_local(follow(session.states(), setter));
            }
            Err(error) => setter.set(SessionStanding::Failed(error)),
        }
    }

    fn end(&self) {
        self.gone.set(true);
        if let Some(session) = self.handle.take() {
            // Other handles may live on; this component hears no more of them.
            session.set_on_message(None);
            session.set_on_event(None);
            session.begin_close();
        }
    }

    fn into_handle(self) -> UseSessionHandle {
        UseSessionHandle { standing: self.standing, handle: self.handle }
    }
}

fn attach(session: &SessionHandle, handlers: &Rc<RefCell<Option<Rc<Latest>>>>) {
    let of_messages = handlers.clone();
    session.set_on_message(Some(Box::new(move |message| {
        // Cloned out of the borrow: the callback may render and so replace the handlers.
        let latest = of_messages.borrow().clone();
        if let Some(latest) = latest {
            latest.on_message.emit(message);
        }
    })));
    let of_events = handlers.clone();
    session.set_on_event(Some(Box::new(move |event| {
        let latest = of_events.borrow().clone();
        if let Some(latest) = latest {
            latest.on_event.emit(event);
        }
    })));
}

/// Renders each state, the last one in any case, until the session is dropped.
async fn follow(mut states: SessionStates, setter: UseStateSetter<SessionStanding>) {
    while let Some(state) = poll_fn(|context| Pin::new(&mut states).poll_next(context)).await {
        setter.set(SessionStanding::Is(state));
    }
}
