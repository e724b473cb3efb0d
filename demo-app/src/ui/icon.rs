//! Icons: drawn here, hidden from screen readers, always with words beside them or in a label.

use yew::prelude::*;

/// What an icon shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Chat,
    Speed,
    Lab,
    People,
    Close,
    Down,
    Clock,
    Check,
    Warning,
    /// A filled circle: connected.
    Full,
    /// A half circle: on the way.
    Half,
    /// A ring: nothing.
    Ring,
    /// A crossed circle: ended.
    Crossed,
}

impl Shape {
    fn path(self) -> &'static str {
        match self {
            Self::Chat => "M4 5h16v11H9l-5 4z",
            Self::Speed => "M4.5 18a9 9 0 1 1 15 0M12 14l4-5",
            Self::Lab => "M9.5 4h5M10.5 4v6L5 19a1 1 0 0 0 .9 1.5h12.2A1 1 0 0 0 19 19l-5.5-9V4M8 15h8",
            Self::People => {
                "M9 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM3.5 19a5.5 5.5 0 0 1 11 0M16 5.2a3 3 0 0 1 0 5.6M17 14a5 5 0 0 1 3.5 5"
            }
            Self::Close => "M6 6l12 12M18 6L6 18",
            Self::Down => "M6 10l6 6 6-6",
            Self::Clock => "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7.5V12l3 2",
            Self::Check => "M5 12.5l4.5 4.5L19 7.5",
            Self::Warning => "M12 4l9 16H3zM12 10v4.5M12 17.2v.1",
            Self::Full | Self::Ring => "M12 19a7 7 0 1 0 0-14 7 7 0 0 0 0 14z",
            Self::Half => "M12 19a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM12 5v14",
            Self::Crossed => "M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16zM9 9l6 6M15 9l-6 6",
        }
    }
}

/// Props of [`Icon`].
#[derive(Properties, PartialEq)]
pub(crate) struct IconProps {
    pub(crate) shape: Shape,
    #[prop_or_default]
    pub(crate) class: Classes,
}

/// An icon of the size of a line.
#[component]
pub(crate) fn Icon(props: &IconProps) -> Html {
    let full = props.shape == Shape::Full;
    html! {
        <svg class={classes!("icon", props.class.clone())} viewBox="0 0 24 24" aria-hidden="true">
            <path d={props.shape.path()} fill={full.then_some("currentColor")} />
            if props.shape == Shape::Half {
                <path d="M12 5a7 7 0 0 1 0 14z" fill="currentColor" />
            }
        </svg>
    }
}
