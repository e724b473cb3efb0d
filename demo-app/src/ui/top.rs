//! The line at the top of every page: what it is, and how the connection is.

use yew::prelude::*;

use super::notice::Notice;
use super::pill::ConnectionPill;
use crate::link::Tone;
use crate::session::Session;
use crate::words;

/// Props of [`Top`].
#[derive(Properties, PartialEq)]
pub(crate) struct TopProps {
    pub(crate) title: AttrValue,
    pub(crate) session: Session,
    /// The page's own buttons.
    #[prop_or_default]
    pub(crate) children: Html,
}

/// Title, the page's own buttons, the connection; below them what the browser does not keep, if anything.
#[component]
pub(crate) fn Top(props: &TopProps) -> Html {
    let dismiss = props.session.deeds.dismiss_not_kept.reform(|_: MouseEvent| ());
    html! {
        <>
            <header class="top">
                <h1 class="top-title">{ &props.title }</h1>
                { props.children.clone() }
                <ConnectionPill session={props.session.clone()} />
            </header>
            if let Some(not_kept) = props.session.not_kept {
                <div class="below-top">
                    <Notice tone={Tone::Quiet} text={words::not_kept(not_kept)} announced=true>
                        <button class="button plain" onclick={dismiss}>{ words::DISMISS }</button>
                    </Notice>
                </div>
            }
        </>
    }
}
