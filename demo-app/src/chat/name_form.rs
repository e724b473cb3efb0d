//! Asking for a name, friendly.

use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::identity::{BadName, check_name};
use crate::words;

/// Props of [`NameForm`].
#[derive(Properties, PartialEq)]
pub(crate) struct NameFormProps {
    /// Tells this form's field from others of the page.
    pub(crate) id: AttrValue,
    pub(crate) label: AttrValue,
    pub(crate) button: AttrValue,
    /// Whether the button is the page's main one.
    #[prop_or_default]
    pub(crate) main: bool,
    /// The name at present.
    #[prop_or_default]
    pub(crate) name: AttrValue,
    pub(crate) onname: Callback<String>,
}

/// A field for a name, checked as the server does.
#[component]
pub(crate) fn NameForm(props: &NameFormProps) -> Html {
    let field = use_node_ref();
    // Kept, so that a name that can't be used stays in the field to be changed.
    let text = use_state_eq(|| props.name.to_string());
    {
        let text = text.setter();
        use_effect_with(props.name.clone(), move |name| text.set(name.to_string()));
    }
    let oninput = {
        let text = text.setter();
        Callback::from(move |event: InputEvent| {
            text.set(event.target_unchecked_into::<HtmlInputElement>().value());
        })
    };
    let problem = use_state_eq(|| None::<BadName>);
    let onsubmit = {
        let (field, problem, onname) = (field.clone(), problem.setter(), props.onname.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let Some(input) = field.cast::<HtmlInputElement>() else { return };
            match check_name(&input.value()) {
                Ok(name) => {
                    problem.set(None);
                    onname.emit(name);
                }
                Err(bad) => problem.set(Some(bad)),
            }
        })
    };
    let problem_id = format!("{}-problem", props.id);
    let said = problem.map(|problem| match problem {
        BadName::Empty => words::NAME_EMPTY.to_owned(),
        BadName::TooLong(chars) => words::name_too_long(chars),
        BadName::Control => words::NAME_CONTROL.to_owned(),
    });
    let invalid = said.is_some().then_some("true");
    html! {
        <form class="field" {onsubmit} novalidate=true>
            <label for={props.id.clone()}>{ &props.label }</label>
            <div class="with-button">
                <input class="input" id={props.id.clone()} ref={field} value={text.to_string()} {oninput} autocomplete="nickname"
                    aria-describedby={problem_id.clone()} aria-invalid={invalid} />
                <button class={classes!("button", props.main.then_some("main"))}>{ &props.button }</button>
            </div>
            <p class="problem" id={problem_id} aria-live="polite">{ said }</p>
        </form>
    }
}

/// Props of [`Welcome`].
#[derive(Properties, PartialEq)]
pub(crate) struct WelcomeProps {
    pub(crate) onname: Callback<String>,
}

/// The first thing that a person sees in the chat.
#[component]
pub(crate) fn Welcome(props: &WelcomeProps) -> Html {
    html! {
        <div class="welcome">
            <div class="card">
                <h2 class="card-title">{ words::WELCOME_TITLE }</h2>
                <p class="quiet">{ words::WELCOME_TEXT }</p>
                <NameForm id="welcome-name" label={words::NAME} button={words::JOIN} main=true onname={props.onname.clone()} />
            </div>
        </div>
    }
}
