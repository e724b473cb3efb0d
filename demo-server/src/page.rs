//! The pages of the server's own: what is not there, what is not built, and the coursework's two.

use axum::response::{Html, IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};

use crate::csp::Policy;

/// A page that is part of the program.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Page {
    html: &'static str,
}

impl Page {
    /// Nothing has this address.
    pub(crate) const NOT_FOUND: Self = Self { html: include_str!("../assets/not-found.html") };
    /// The app's folder is missing; how to build it.
    pub(crate) const NOT_BUILT: Self = Self { html: include_str!("../assets/not-built.html") };
    /// The coursework's chat.
    pub(crate) const CLASSIC_CHAT: Self = Self { html: include_str!("../assets/classic-chat.html") };
    /// The coursework's speed test.
    pub(crate) const CLASSIC_SPEED: Self = Self { html: include_str!("../assets/classic-speed.html") };

    /// The page as a response, with a policy of its own.
    pub(crate) fn response(self, status: StatusCode, host: Option<&str>) -> Response {
        let mut response = (status, Html(self.html)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(policy) = Policy::of(self.html).header(host) {
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        response
    }
}

/// The coursework's scripts, beside their pages.
pub(crate) const CLASSIC_CHAT_JS: &str = include_str!("../assets/classic-chat.js");
pub(crate) const CLASSIC_SPEED_JS: &str = include_str!("../assets/classic-speed.js");
