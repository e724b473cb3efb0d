//! A sentence about something that is not as it should be.

use yew::prelude::*;

use super::icon::{Icon, Shape};
use crate::link::Tone;

/// Props of [`Notice`].
#[derive(Properties, PartialEq)]
pub(crate) struct NoticeProps {
    pub(crate) tone: Tone,
    pub(crate) text: AttrValue,
    /// What the person can do about it.
    #[prop_or_default]
    pub(crate) children: Html,
    /// Whether a screen reader is told when it appears.
    #[prop_or_default]
    pub(crate) announced: bool,
}

/// A sentence with a mark and, perhaps, buttons.
#[component]
pub(crate) fn Notice(props: &NoticeProps) -> Html {
    let role = props.announced.then_some("status");
    html! {
        <div class={classes!("notice", props.tone.class())} {role}>
            <Icon shape={Shape::Warning} />
            <p>{ &props.text }</p>
            { props.children.clone() }
        </div>
    }
}
