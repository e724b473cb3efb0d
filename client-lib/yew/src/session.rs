//! The hook for a session.

use std::cell::RefCell;
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

use crate::turn::{TargetKey, Turn, use_turn};

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
    /// Of the session of this number, as the two below.
    standing: UseStateHandle<(u64, SessionStanding)>,
    handle: Rc<RefCell<Option<(u64, SessionHandle)>>>,
    /// The session that this rendering is about.
    turn: u64,
}

impl UseSessionHandle {
    /// Where the session is, as of this rendering; each change renders anew.
    #[must_use]
    pub fn state(&self) -> &SessionStanding {
        match &*self.standing {
            (turn, standing) if *turn == self.turn => standing,
            _ => &SessionStanding::Idle,
        }
    }

    /// The session itself, to send, publish, subscribe, call, close and ask; `None` before the first rendering with this
    /// target and after a failure to begin, and once a later rendering has another target.
    #[must_use]
    pub fn handle(&self) -> Option<SessionHandle> {
        let held = self.handle.borrow();
        held.as_ref().filter(|(turn, _)| *turn == self.turn).map(|(_, handle)| handle.clone())
    }
}

impl PartialEq for UseSessionHandle {
    fn eq(&self, other: &Self) -> bool {
        (self.turn, self.state()) == (other.turn, other.state()) && Rc::ptr_eq(&self.handle, &other.handle)
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
/// `builder` is called at each rendering. Where its URL and subprotocols are as they were, the session stays, whatever its
/// token; where they are others, the present session is ended as by [`close`](SessionHandle::close), another begins, and
/// nothing of the ended one is emitted any more. All other settings are those of the rendering in which the session was
/// begun. A builder that [asks](SessionBuilder::asking) for its target never changes it: give the component another `key`.
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
    let builder = builder();
    let place = TargetKey::new(builder.url(), builder.protocols());
    let kept = use_kept(place, on_message, on_event);
    let mine = kept.clone();
    use_effect_with(kept.turn.number(), move |_| {
        mine.begun(builder.open());
        move || mine.end()
    });
    kept.into_handle()
}

/// [`use_session`] for a session that takes a while to be opened, as one does that is
/// [reopened](rejoin::session::SessionBuilder::reopen) after a reload of the page. `open` is called once, after the first
/// rendering; when the component goes before the session is there, it is closed as soon as it is. To connect elsewhere
/// use [`use_session_from_with`].
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
    use_session_from_with((), open, on_message, on_event)
}

/// [`use_session_from`] for a session that depends on something, such as a URL or a name: when `deps` are others than at the
/// rendering before, the present session is ended and `open` called again. One that was still being opened is closed as
/// soon as it is there, and nothing of it is emitted.
#[hook]
pub fn use_session_from_with<D, F, Fut>(
    deps: D,
    open: F,
    on_message: Callback<SessionMessage>,
    on_event: Callback<SessionEvent>,
) -> UseSessionHandle
where
    D: PartialEq + 'static,
    F: FnOnce() -> Fut + 'static,
    Fut: Future<Output = Result<Session, ConnectError>> + 'static,
{
    let kept = use_kept(deps, on_message, on_event);
    let mine = kept.clone();
    use_effect_with(kept.turn.number(), move |_| {
        let (opening, waiting) = (open(), mine.clone());
        spawn_local(async move { waiting.begun(opening.await) });
        move || mine.end()
    });
    kept.into_handle()
}

/// A session in a component's memory.
#[derive(Clone)]
struct Kept {
    standing: UseStateHandle<(u64, SessionStanding)>,
    handle: Rc<RefCell<Option<(u64, SessionHandle)>>>,
    handlers: Rc<RefCell<Option<Rc<Latest>>>>,
    turn: Turn,
}

#[hook]
fn use_kept<T: PartialEq + 'static>(
    of: T,
    on_message: Callback<SessionMessage>,
    on_event: Callback<SessionEvent>,
) -> Kept {
    let standing = use_state(|| (0, SessionStanding::default()));
    let handle = use_mut_ref(|| None::<(u64, SessionHandle)>);
    let handlers = use_mut_ref(|| None::<Rc<Latest>>);
    let turn = use_turn(of);
    *handlers.borrow_mut() = Some(Rc::new(Latest { on_message, on_event }));
    Kept { standing, handle, handlers, turn }
}

impl Kept {
    fn begun(&self, opened: Result<Session, ConnectError>) {
        let (setter, turn) = (self.standing.setter(), self.turn.clone());
        match opened {
            Ok(session) if !turn.is_present() => session.begin_close(),
            Ok(session) => {
                let session = session.handle();
                // Before the handlers, which may ask for it.
                self.handle.replace(Some((turn.number(), session.clone())));
                setter.set((turn.number(), SessionStanding::Is(session.state())));
                attach(&session, &turn, &self.handlers);
                spawn_local(follow(session.states(), turn, setter));
            }
            Err(_) if !turn.is_present() => {}
            Err(error) => setter.set((turn.number(), SessionStanding::Failed(error))),
        }
    }

    fn end(&self) {
        self.turn.end();
        let held = self.handle.borrow_mut().take_if(|(turn, _)| *turn == self.turn.number());
        if let Some((_, session)) = held {
            // Other handles may live on; this component hears no more of them.
            session.set_on_message(None);
            session.set_on_event(None);
            session.begin_close();
        }
    }

    fn into_handle(self) -> UseSessionHandle {
        UseSessionHandle { standing: self.standing, handle: self.handle, turn: self.turn.number() }
    }
}

fn attach(session: &SessionHandle, turn: &Turn, handlers: &Rc<RefCell<Option<Rc<Latest>>>>) {
    // Cloned out of the borrow: the callback may render and so replace the handlers.
    let latest = {
        let (turn, handlers) = (turn.clone(), handlers.clone());
        move || turn.is_present().then(|| handlers.borrow().clone()).flatten()
    };
    let of_events = latest.clone();
    session.set_on_message(Some(Box::new(move |message| {
        if let Some(latest) = latest() {
            latest.on_message.emit(message);
        }
    })));
    session.set_on_event(Some(Box::new(move |event| {
        if let Some(latest) = of_events() {
            latest.on_event.emit(event);
        }
    })));
}

/// Renders each state, the last one in any case, until the session is dropped or another has followed.
async fn follow(mut states: SessionStates, turn: Turn, setter: UseStateSetter<(u64, SessionStanding)>) {
    while let Some(state) = poll_fn(|context| Pin::new(&mut states).poll_next(context)).await {
        if !turn.is_present() {
            return;
        }
        setter.set((turn.number(), SessionStanding::Is(state)));
    }
}
