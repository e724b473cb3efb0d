//! The router: which address is answered by what.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use axum::{Json, Router};
use demo_messages::{chat, room, speed};
use http::{HeaderName, HeaderValue, StatusCode, header};
use rejoin_server::hub::{Hub, SUBPROTOCOL};
use rejoin_server::{Acceptor, Connections, Endpoint, Upgrade, UpgradeError};
use serde_json::json;

use crate::chat::Classic as ClassicChat;
use crate::config::{Classic, Config};
use crate::echo::echo;
use crate::files::{Files, host};
use crate::page::{CLASSIC_CHAT_JS, CLASSIC_SPEED_JS, Page};
use crate::session::{self, Chat};
use crate::speed::SpeedTest;

/// The echo's address.
pub(crate) const ECHO_PATH: &str = "/ws/echo";
/// The address of the coursework's protocols.
pub(crate) const CLASSIC_PATH: &str = "/ws";

/// What the handlers share.
pub(crate) struct App {
    pub(crate) connections: Connections,
    pub(crate) echo: Acceptor,
    pub(crate) chat_socket: Acceptor,
    pub(crate) speed_socket: Acceptor,
    /// The coursework's protocol at `/ws`, which knows no subprotocol.
    pub(crate) classic_socket: Acceptor,
    pub(crate) chat: Arc<ClassicChat>,
    pub(crate) hub: Hub<Chat>,
    pub(crate) speed: SpeedTest,
    pub(crate) files: Files,
    pub(crate) config: Config,
    pub(crate) started: Instant,
}

type Shared = State<Arc<App>>;
type Upgraded = Result<Response, UpgradeError>;

/// All addresses.
pub(crate) fn router(app: Arc<App>) -> Router {
    let mut router = Router::new()
        .route(ECHO_PATH, any(echo_socket))
        .route(chat::CLASSIC_PATH, any(chat_socket))
        .route(room::SESSION_PATH, any(session_socket))
        .route(speed::Speed::PATH, any(speed_socket))
        .route("/health", get(health))
        .route("/api/info", get(info))
        .route("/api/sessions", get(sessions))
        .route("/api/file", get(file))
        .route("/api/{*rest}", any(no_such_api))
        .fallback(files);
    if let Some(classic) = app.config.classic {
        router = match classic {
            Classic::Chat => router
                .route("/", get(|request: Request| classic_page(Page::CLASSIC_CHAT, request)))
                .route("/classic-chat.js", get(|| async { script(CLASSIC_CHAT_JS) }))
                .route(CLASSIC_PATH, any(classic_chat)),
            Classic::Speed => router
                .route("/", get(|request: Request| classic_page(Page::CLASSIC_SPEED, request)))
                .route("/classic-speed.js", get(|| async { script(CLASSIC_SPEED_JS) }))
                .route(CLASSIC_PATH, any(classic_speed)),
        };
    }
    router.layer(middleware::from_fn(secure)).with_state(app)
}

async fn echo_socket(State(app): Shared, upgrade: Upgrade) -> Upgraded {
    app.echo.accept(upgrade, echo)
}

async fn chat_socket(State(app): Shared, upgrade: Upgrade) -> Upgraded {
    let chat = Arc::clone(&app.chat);
    app.chat_socket.accept(upgrade, move |connection| async move { chat.serve(connection).await })
}

async fn session_socket(State(app): Shared, upgrade: Upgrade) -> Upgraded {
    app.hub.accept(upgrade)
}

async fn speed_socket(State(app): Shared, upgrade: Upgrade) -> Upgraded {
    let test = app.speed.clone();
    app.speed_socket.accept(upgrade, move |connection| test.serve(connection))
}

async fn classic_chat(State(app): Shared, upgrade: Upgrade) -> Upgraded {
    let chat = Arc::clone(&app.chat);
    app.classic_socket.accept(upgrade, move |connection| async move { chat.serve(connection).await })
}

async fn classic_speed(State(app): Shared, upgrade: Upgrade) -> Upgraded {
    let test = app.speed.clone();
    app.classic_socket.accept(upgrade, move |connection| test.serve(connection))
}

async fn health(State(app): Shared) -> Response {
    let status = if app.connections.is_draining() { "draining" } else { "ok" };
    let body = json!({
        "status": status,
        "connections": app.connections.count(),
        "held_bytes": app.connections.held_bytes(),
        "uptime_seconds": app.started.elapsed().as_secs(),
    });
    ([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

async fn info(State(app): Shared) -> Response {
    let config = &app.config;
    let chat_limits = config.chat_limits();
    let body = json!({
        "name": "rejoin demo server",
        "version": env!("CARGO_PKG_VERSION"),
        "sockets": {
            "echo": { "path": ECHO_PATH },
            "chat": { "path": chat::CLASSIC_PATH },
            "session": { "path": room::SESSION_PATH, "subprotocol": SUBPROTOCOL },
            "speed": { "path": speed::Speed::PATH, "subprotocol": speed::Speed::SUBPROTOCOL },
            "classic": config.classic.map(|classic| json!({
                "path": CLASSIC_PATH,
                "protocol": match classic { Classic::Chat => "chat", Classic::Speed => "speed" },
            })),
        },
        "rooms": session::limits(),
        "limits": {
            "connections": config.max_connections,
            "connections_per_address": config.max_connections_per_address,
            "echo_message_bytes": config.max_message_bytes,
            "chat_message_bytes": chat_limits.max_message_bytes,
            "chat_text_characters": chat::CLASSIC_CHARS,
            "room_messages_per_second": config.chat_rate,
            "room_messages_at_once": config.chat_burst(),
            "rooms": config.max_rooms,
            "rooms_per_session": config.max_rooms_per_session,
            "rooms_per_address": config.max_rooms_per_address,
            "room_history_messages": config.history_messages,
            "send_queue_bytes": chat_limits.send_queue_bytes,
            "speed_duration_ms": speed::MAX_DURATION_MS,
            "idle_seconds": config.idle_seconds,
            "ping_seconds": config.ping_seconds,
            "dead_seconds": config.dead_seconds,
        },
    });
    ([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

/// What the hub has counted.
async fn sessions(State(app): Shared) -> Response {
    let metrics = app.hub.metrics();
    let body = json!({
        "sessions": metrics.sessions,
        "held_bytes": metrics.held_bytes,
        "fresh": metrics.fresh,
        "kept": metrics.kept,
        "resumed": metrics.resumed,
        "refused": metrics.refused,
        "disagreed": metrics.disagreed,
        "violations": metrics.violations,
        "lost": metrics.lost,
        "appended": metrics.appended,
        "repeats": metrics.repeats,
        "gaps": metrics.gaps,
        "appends": metrics.appends,
        "append_micros": metrics.append_micros,
    });
    ([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

async fn file(State(app): Shared) -> Response {
    let headers = [(header::CACHE_CONTROL, "no-store"), (header::CONTENT_TYPE, "application/octet-stream")];
    (headers, app.speed.file.whole()).into_response()
}

async fn no_such_api(request: Request) -> Response {
    let body = json!({ "error": format!("nothing has the address {}", request.uri().path()) });
    (StatusCode::NOT_FOUND, Json(body)).into_response()
}

async fn files(State(app): Shared, request: Request) -> Response {
    app.files.clone().serve(request).await
}

async fn classic_page(page: Page, request: Request) -> Response {
    page.response(StatusCode::OK, host(&request).as_deref())
}

fn script(source: &'static str) -> Response {
    let headers =
        [(header::CONTENT_TYPE, "text/javascript; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")];
    (headers, source).into_response()
}

/// Headers that every answer has.
async fn secure(request: Request<Body>, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
