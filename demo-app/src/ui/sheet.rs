//! Sheets: the browser's own modal dialogs, which keep the focus, close by Escape and give the focus back.

use wasm_bindgen::JsCast;
use web_sys::HtmlDialogElement;
use yew::prelude::*;

use super::icon::{Icon, Shape};
use crate::browser;
use crate::words;

/// Props of [`Sheet`].
#[derive(Properties, PartialEq)]
pub(crate) struct SheetProps {
    pub(crate) title: AttrValue,
    /// Called when it has closed, by whichever way.
    pub(crate) onclose: Callback<()>,
    pub(crate) children: Html,
}

/// A sheet that is open for as long as it is rendered.
#[component]
pub(crate) fn Sheet(props: &SheetProps) -> Html {
    let node = use_node_ref();
    {
        let node = node.clone();
        use_effect_with((), move |()| {
            let dialog = node.cast::<HtmlDialogElement>();
            if let Some(Err(error)) = dialog.as_ref().map(HtmlDialogElement::show_modal) {
                browser::warn("a sheet could not be opened", &error);
            }
            move || {
                // Closing before it is removed gives the focus back.
                if let Some(dialog) = dialog {
                    dialog.close();
                }
            }
        });
    }
    let close = {
        let onclose = props.onclose.clone();
        Callback::from(move |_: MouseEvent| onclose.emit(()))
    };
    let outside = {
        let (node, onclose) = (node.clone(), props.onclose.clone());
        Callback::from(move |event: MouseEvent| {
            let target = event.target().and_then(|target| target.dyn_into::<web_sys::Node>().ok());
            // The backdrop's clicks are the dialog's own; those within have a target within.
            if target.is_some() && target == node.get() {
                onclose.emit(());
            }
        })
    };
    let onclose = {
        let onclose = props.onclose.clone();
        Callback::from(move |_: Event| onclose.emit(()))
    };
    html! {
        <dialog class="sheet" ref={node} aria-labelledby="sheet-title" {onclose} onclick={outside}>
            <div class="sheet-body">
                <div class="sheet-top">
                    <h2 class="sheet-title" id="sheet-title">{ &props.title }</h2>
                    <button class="button plain icon-only" onclick={close} aria-label={words::CLOSE}>
                        <Icon shape={Shape::Close} />
                    </button>
                </div>
                { props.children.clone() }
            </div>
        </dialog>
    }
}
