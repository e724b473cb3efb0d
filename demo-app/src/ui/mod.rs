//! Parts that both pages use.

mod address;
pub(crate) mod button;
pub(crate) mod connection_panel;
pub(crate) mod icon;
pub(crate) mod kept_focus;
pub(crate) mod notice;
pub(crate) mod pill;
pub(crate) mod sheet;
pub(crate) mod top;
