//! The app: frame, pages, and the session that all of them share.

use demo_messages::room::FIRST_ROOM;
use yew::prelude::*;

use crate::browser;
use crate::chat::page::ChatPage;
use crate::lab::page::LabPage;
use crate::navigation::{Go, Link, use_route};
use crate::route::Route;
use crate::session::{Session, use_session};
use crate::speed::page::SpeedPage;
use crate::speed::session::{SpeedSession, use_speed};
use crate::ui::icon::{Icon, Shape};
use crate::ui::top::Top;
use crate::words;

/// The whole page.
#[component]
pub(crate) fn App() -> Html {
    let (route, go) = use_route();
    html! {
        <ContextProvider<Go> context={go}>
            <Pages {route} />
        </ContextProvider<Go>>
    }
}

/// Props of [`Pages`].
#[derive(Properties, PartialEq)]
struct PagesProps {
    route: Route,
}

#[component]
fn Pages(props: &PagesProps) -> Html {
    let route = &props.route;
    // The room stays while the person looks at another page.
    let room = use_mut_ref(|| FIRST_ROOM.to_owned());
    if let Route::Chat { room: named } = route {
        room.borrow_mut().clone_from(named);
    }
    let room = room.borrow().clone();
    let session = use_session(&room);
    let speed = use_speed();
    html! { <Frame route={route.clone()} {room} {session} {speed} /> }
}

/// Props of [`Frame`].
#[derive(Properties, PartialEq)]
pub(crate) struct FrameProps {
    pub(crate) route: Route,
    /// The chat's room, wherever the person is.
    pub(crate) room: AttrValue,
    pub(crate) session: Session,
    pub(crate) speed: SpeedSession,
}

/// The frame around a page, and the page.
#[component]
pub(crate) fn Frame(props: &FrameProps) -> Html {
    let FrameProps { route, room, session, speed } = props;
    let unread = session.chat.unread;
    let page_name = match route {
        Route::Chat { .. } => words::CHAT,
        Route::Speed { .. } => words::SPEED,
        Route::Lab => words::LAB_TITLE,
        _ => words::MISSING_TITLE,
    };
    use_effect_with(words::title(page_name, unread), |title| browser::document().set_title(title));
    use_focus(route);
    let page = match route {
        Route::Speed { shared } => {
            html! { <SpeedPage session={session.clone()} speed={speed.clone()} shared={shared.clone()} /> }
        }
        Route::Lab => html! { <LabPage session={session.clone()} /> },
        Route::Missing { path } => missing(path, session),
        _ => html! { <ChatPage session={session.clone()} /> },
    };
    html! {
        <div class="frame">
            <a class="skip" href="#page" onclick={skip()}>{ words::SKIP_TO_PAGE }</a>
            <nav class="rail" aria-label={words::PAGES}>
                <p class="brand">{ words::PRODUCT }</p>
                <ul class="rail-list">
                    { entry(Route::Chat { room: room.to_string() }, route, Shape::Chat, words::CHAT, unread) }
                    { entry(Route::Speed { shared: String::new() }, route, Shape::Speed, words::SPEED, 0) }
                    { entry(Route::Lab, route, Shape::Lab, words::LAB, 0) }
                </ul>
            </nav>
            <div class="stage">{ page }</div>
            <Announcer session={session.clone()} />
        </div>
    }
}

/// Takes the focus to the new page once it is there; what had it may be gone.
#[hook]
fn use_focus(route: &Route) {
    let first = use_mut_ref(|| true);
    use_effect_with(route.clone(), move |_| {
        if !first.replace(false) {
            browser::focus("page");
        }
    });
}

/// Moves the focus without touching the address, whose fragment the speed test uses.
fn skip() -> Callback<MouseEvent> {
    Callback::from(|event: MouseEvent| {
        event.prevent_default();
        browser::focus("page");
    })
}

fn entry(to: Route, here: &Route, shape: Shape, name: &'static str, unread: u32) -> Html {
    let current =
        (std::mem::discriminant(&to) == std::mem::discriminant(here)).then(|| AttrValue::from("page"));
    html! {
        <li>
            <Link {to} class="rail-link" {current}>
                <Icon {shape} />
                { name }
                if unread > 0 {
                    <span class="badge">
                        { if unread > 99 { "99+".to_owned() } else { unread.to_string() } }
                        <span class="visually-hidden">{ format!(" {}", words::UNREAD_COUNT) }</span>
                    </span>
                }
            </Link>
        </li>
    }
}

fn missing(path: &str, session: &Session) -> Html {
    html! {
        <>
            <Top title={words::MISSING_TITLE} session={session.clone()} />
            <main class="page nowhere" id="page" tabindex="-1">
                <p>{ words::missing(path) }</p>
                <Link to={Route::Chat { room: FIRST_ROOM.to_owned() }} class="button">{ words::GO_TO_CHAT }</Link>
            </main>
        </>
    }
}

/// Props of [`Announcer`].
#[derive(Properties, PartialEq)]
struct AnnouncerProps {
    session: Session,
}

/// Says changes of the connection to a screen reader, each once. The steps between say nothing and leave what was
/// said last, so that failed attempts in a row are one announcement.
#[component]
fn Announcer(props: &AnnouncerProps) -> Html {
    let said = use_mut_ref(|| None::<String>);
    if let Some(now) = props.session.link.link.announcement() {
        *said.borrow_mut() = Some(now);
    }
    let text = said.borrow().clone();
    html! { <div class="visually-hidden" role="status" aria-live="polite">{ text }</div> }
}
