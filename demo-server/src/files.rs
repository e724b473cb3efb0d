//! The files: the built app, with compressed variants, cache headers and a page for what is not there.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, Method, Request, StatusCode, Uri, header};
use tower::ServiceExt;
use tower_http::services::ServeDir;

use crate::csp::Policy;
use crate::page::Page;

/// The app's own addresses; it finds its page by itself.
const ROUTES: [&str; 5] = ["/", "/chat", "/speed", "/lab", "/index.html"];

/// The folder of the built app.
#[derive(Debug, Clone)]
pub(crate) struct Files {
    dir: ServeDir,
    index: PathBuf,
    /// The policy of the index as it was last seen: a new build changes its inline script.
    policy: Arc<Mutex<Option<Known>>>,
}

#[derive(Debug)]
struct Known {
    modified: SystemTime,
    len: u64,
    policy: Policy,
}

impl Files {
    pub(crate) fn new(dir: &std::path::Path) -> Self {
        let index = dir.join("index.html");
        let dir = ServeDir::new(dir)
            .append_index_html_on_directories(false)
            .precompressed_br()
            .precompressed_gzip();
        Self { dir, index, policy: Arc::default() }
    }

    /// Answers a request for a file.
    pub(crate) async fn serve(self, request: Request<Body>) -> Response {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            let allow = [(header::ALLOW, "GET, HEAD")];
            return (StatusCode::METHOD_NOT_ALLOWED, allow, "only GET and HEAD\n").into_response();
        }
        if ROUTES.contains(&request.uri().path()) {
            return self.serve_index(request).await;
        }
        let path = request.uri().path().to_owned();
        let host = host(&request);
        let mut response = self.fetch(request).await;
        if response.status() == StatusCode::NOT_FOUND {
            return Page::NOT_FOUND.response(StatusCode::NOT_FOUND, host.as_deref());
        }
        let cache = if is_hashed(&path) { "public, max-age=31536000, immutable" } else { "public, no-cache" };
        if response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED {
            response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
        }
        // A page has its policy whatever the path is by which it was reached, such as /%69ndex.html.
        let kind = response.headers().get(header::CONTENT_TYPE);
        if kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/html")) {
            match self.index_policy().await {
                Ok(policy) => {
                    if let Some(policy) = policy.header(host.as_deref()) {
                        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
                    }
                }
                Err(error) => {
                    tracing::error!("{} can't be read: {error}", self.index.display());
                    return StatusCode::INTERNAL_SERVER_ERROR.into_response();
                }
            }
        }
        response
    }

    async fn serve_index(self, mut request: Request<Body>) -> Response {
        let host = host(&request);
        let policy = match self.index_policy().await {
            Ok(policy) => policy,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Page::NOT_BUILT.response(StatusCode::SERVICE_UNAVAILABLE, host.as_deref());
            }
            Err(error) => {
                tracing::error!("{} can't be read: {error}", self.index.display());
                return StatusCode::INTERNAL_SERVER_ERROR.into_response();
            }
        };
        *request.uri_mut() = Uri::from_static("/index.html");
        let mut response = self.fetch(request).await;
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        if let Some(policy) = policy.header(host.as_deref()) {
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        response
    }

    /// The file, or a status. Paths that leave the folder are not found.
    async fn fetch(&self, request: Request<Body>) -> Response {
        match self.dir.clone().oneshot(request).await {
            Ok(response) => response.map(Body::new),
            Err(never) => match never {},
        }
    }

    async fn index_policy(&self) -> std::io::Result<Policy> {
        let metadata = tokio::fs::metadata(&self.index).await?;
        let (modified, len) = (metadata.modified()?, metadata.len());
        if let Some(known) = &*self.policy.lock().unwrap_or_else(PoisonError::into_inner)
            && (known.modified, known.len) == (modified, len)
        {
            return Ok(known.policy.clone());
        }
        let policy = Policy::of(&tokio::fs::read_to_string(&self.index).await?);
        let known = Known { modified, len, policy: policy.clone() };
        *self.policy.lock().unwrap_or_else(PoisonError::into_inner) = Some(known);
        Ok(policy)
    }
}

/// The host that a request names.
pub(crate) fn host<B>(request: &Request<B>) -> Option<String> {
    request.headers().get(header::HOST)?.to_str().ok().map(str::to_owned)
}

/// True for a name with a hash of the content in it, as trunk writes them: `app-0123456789abcdef.js`,
/// `app-0123456789abcdef_bg.wasm`, `0123456789abcdef-boot.mjs`.
fn is_hashed(path: &str) -> bool {
    let is_hash = |part: &str| {
        (12..=64).contains(&part.len())
            && part.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
            && part.bytes().any(|b| b.is_ascii_digit())
    };
    path.rsplit('/').next().unwrap_or_default().split(['-', '_', '.']).any(is_hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_a_hash_are_told_from_others() {
        for path in [
            "/demo-app-6a5ab5c5e8b4f5d0.js",
            "/demo-app-6a5ab5c5e8b4f5d0_bg.wasm",
            "/assets/style-16fcb71b1da3d21a.css",
            "/34367d38cf55baf1-boot.mjs",
            "/snippets/x-0123456789abcdef/inline0.js-0123456789abcdef.js",
        ] {
            assert!(is_hashed(path), "{path}");
        }
        for path in [
            "/app.js",
            "/demo-app.js",
            "/demo-decade.js",
            "/deadbeefcafe.js",
            "/a-0123456789abcdefg.js",
            "/favicon-32.png",
            "/",
        ] {
            assert!(!is_hashed(path), "{path}");
        }
    }
}
