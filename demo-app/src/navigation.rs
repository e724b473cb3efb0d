//! The address bar: where the page is, and links that lead elsewhere in it.

use gloo_events::EventListener;
use wasm_bindgen::JsValue;
use yew::prelude::*;

use crate::browser;
use crate::route::Route;

/// Goes to another page of the app.
#[derive(Clone, PartialEq)]
pub(crate) struct Go(pub(crate) Callback<Route>);

/// The present route, and how to go to another.
#[hook]
pub(crate) fn use_route() -> (Route, Go) {
    let route = use_state_eq(here);
    {
        let route = route.setter();
        use_effect_with((), move |()| {
            let read = move |_: &web_sys::Event| route.set(here());
            let back = EventListener::new(&browser::window(), "popstate", read.clone());
            let hash = EventListener::new(&browser::window(), "hashchange", read);
            move || drop((back, hash))
        });
    }
    let go = {
        let route = route.setter();
        use_callback((), move |to: Route, ()| {
            let pushed = browser::window()
                .history()
                .and_then(|history| history.push_state_with_url(&JsValue::NULL, "", Some(&to.address())));
            if let Err(error) = pushed {
                browser::warn("the address bar could not be changed", &error);
            }
            route.set(to);
        })
    };
    (Route::clone(&route), Go(go))
}

fn here() -> Route {
    let location = browser::window().location();
    let part = |part: Result<String, JsValue>| part.unwrap_or_default();
    Route::parse(&part(location.pathname()), &part(location.search()), &part(location.hash()))
}

/// Props of [`Link`].
#[derive(Properties, PartialEq)]
pub(crate) struct LinkProps {
    pub(crate) to: Route,
    #[prop_or_default]
    pub(crate) class: Classes,
    /// The value of `aria-current`, for the link to where the person is.
    #[prop_or_default]
    pub(crate) current: Option<AttrValue>,
    /// Called when it is followed.
    #[prop_or_default]
    pub(crate) onfollow: Callback<()>,
    pub(crate) children: Html,
}

/// A link within the app. With a modifier key or another button the browser does what it always does.
#[component]
pub(crate) fn Link(props: &LinkProps) -> Html {
    let go = use_context::<Go>();
    let onclick = {
        let (to, onfollow) = (props.to.clone(), props.onfollow.clone());
        Callback::from(move |event: MouseEvent| {
            let plain = event.button() == 0
                && !(event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key());
            if let (Some(Go(go)), true) = (&go, plain) {
                event.prevent_default();
                onfollow.emit(());
                go.emit(to.clone());
            }
        })
    };
    html! {
        <a href={props.to.address()} class={props.class.clone()} aria-current={props.current.clone()} {onclick}>
            { props.children.clone() }
        </a>
    }
}
