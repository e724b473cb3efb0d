//! The line at the top of every page: what it is, and how the connection is.

use yew::prelude::*;

use super::pill::ConnectionPill;
use crate::session::Session;

/// Props of [`Top`].
#[derive(Properties, PartialEq)]
pub(crate) struct TopProps {
    pub(crate) title: AttrValue,
    pub(crate) session: Session,
    /// The page's own buttons.
    #[prop_or_default]
    pub(crate) children: Html,
}

/// Title, the page's own buttons, the connection.
#[component]
pub(crate) fn Top(props: &TopProps) -> Html {
    html! {
        <header class="top">
            <h1 class="top-title">{ &props.title }</h1>
            { props.children.clone() }
            <ConnectionPill session={props.session.clone()} />
        </header>
    }
}
