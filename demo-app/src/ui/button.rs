//! A button that can be found also while it can't be pressed.

use yew::prelude::*;

/// Props of [`Button`].
#[derive(Properties, PartialEq)]
pub(crate) struct ButtonProps {
    /// Whether it can be pressed.
    pub(crate) able: bool,
    pub(crate) onpress: Callback<()>,
    /// The id of what says more about it.
    #[prop_or_default]
    pub(crate) described_by: Option<AttrValue>,
    /// Whether it is what the page is there for.
    #[prop_or_default]
    pub(crate) main: bool,
    #[prop_or_default]
    pub(crate) id: Option<AttrValue>,
    /// The element itself, for who gives it the focus.
    #[prop_or_default]
    pub(crate) node: NodeRef,
    pub(crate) children: Html,
}

/// A button for what can be done only at times. A disabled one would lose the focus as soon as pressing it has made it
/// so, and Tab would pass it by: this one stays where it is, says that it can't be pressed, and does nothing.
#[component]
pub(crate) fn Button(props: &ButtonProps) -> Html {
    let able = props.able;
    let press = props.onpress.clone();
    let onclick = Callback::from(move |_: MouseEvent| {
        if able {
            press.emit(());
        }
    });
    // Enter that is held down presses again and again; what this begins, the next press may end.
    let onkeydown = Callback::from(|event: KeyboardEvent| {
        if event.repeat() && event.key() == "Enter" {
            event.prevent_default();
        }
    });
    html! {
        <button type="button" class={classes!("button", props.main.then_some("main"))} id={props.id.clone()}
            ref={props.node.clone()} {onclick} {onkeydown} aria-disabled={(!able).then_some("true")}
            aria-describedby={props.described_by.clone()}>
            { props.children.clone() }
        </button>
    }
}
