//! Serves the benchmark's page, plays the other end of its WebSockets, collects its figures and prints a table.
//!
//! `bench-server PAGE_FOLDER [ROUNDS]` prints the address to open in a browser and ends when the page is done.
#![cfg_attr(target_arch = "wasm32", no_main)]
// A table for a terminal is what this program is for.
#![allow(clippy::print_stdout)]

#[cfg(not(target_arch = "wasm32"))]
mod server {
    use std::collections::BTreeMap;
    use std::error::Error;
    use std::sync::Arc;

    use axum::extract::{Request, State};
    use axum::http::{StatusCode, header};
    use axum::response::Response;
    use axum::routing::{get, post};
    use axum::{Json, Router};
    use bytes::Bytes;
    use futures::{SinkExt, StreamExt};
    use serde::Deserialize;
    use tokio::sync::mpsc;
    use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
    use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
    use tokio_tungstenite::{WebSocketStream, tungstenite::Message};
    use tower_http::services::ServeDir;

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Line {
        Figure(Figure),
        Done {
            #[serde(rename = "done")]
            _done: bool,
        },
        Failed {
            failed: String,
        },
    }

    #[derive(Deserialize)]
    struct Figure {
        case: String,
        contender: String,
        ms: f64,
        count: f64,
        size: f64,
    }

    type Reports = Arc<mpsc::UnboundedSender<Line>>;

    /// Runs until the page has reported its last figure.
    pub(crate) async fn run() -> Result<(), Box<dyn Error>> {
        let mut arguments = std::env::args().skip(1);
        let folder =
            arguments.next().ok_or("name the folder of the page: bench-server PAGE_FOLDER [ROUNDS]")?;
        let rounds: u32 = arguments.next().map_or(Ok(9), |rounds| rounds.parse())?;
        let (reports, mut figures) = mpsc::unbounded_channel();
        let app = Router::new()
            .route("/ws", get(upgrade))
            .route("/report", post(report))
            .fallback_service(ServeDir::new(folder))
            .with_state(Arc::new(reports));
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
        println!("listening on http://{}/?rounds={rounds}", listener.local_addr()?);
        tokio::spawn(async move { axum::serve(listener, app).await });

        let mut table: BTreeMap<String, Vec<(String, Vec<Figure>)>> = BTreeMap::new();
        while let Some(line) = figures.recv().await {
            match line {
                Line::Figure(figure) => {
                    let rows = table.entry(figure.case.clone()).or_default();
                    match rows.iter_mut().find(|(name, _)| *name == figure.contender) {
                        Some((_, figures)) => figures.push(figure),
                        None => rows.push((figure.contender.clone(), vec![figure])),
                    }
                }
                Line::Done { .. } => break,
                Line::Failed { failed } => return Err(failed.into()),
            }
        }
        print(&table);
        Ok(())
    }

    fn print(table: &BTreeMap<String, Vec<(String, Vec<Figure>)>>) {
        for (case, rows) in table {
            println!("\n{case}: medians, and the median of each round's ratio to raw JavaScript");
            let raw = rows.iter().find(|(name, _)| name == "raw JavaScript");
            let mut rows: Vec<_> = rows.iter().collect();
            rows.sort_by(|a, b| a.0.cmp(&b.0));
            for (name, figures) in rows {
                let ms = median(figures.iter().map(|figure| figure.ms));
                let (count, size) = (figures[0].count, figures[0].size);
                let ratios =
                    raw.iter().flat_map(|(_, raw)| raw.iter().zip(figures)).map(|(raw, own)| raw.ms / own.ms);
                println!(
                    "  {name:<20} {ms:>9.1} ms {:>10.0} messages/s {:>8.1} MB/s   ratio {:.3}",
                    count / ms * 1_000.0,
                    count * size / ms / 1_000.0,
                    median(ratios),
                );
            }
        }
    }

    fn median(values: impl Iterator<Item = f64>) -> f64 {
        let mut values: Vec<f64> = values.collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
    }

    async fn report(State(reports): State<Reports>, Json(line): Json<Line>) -> StatusCode {
        match reports.send(line) {
            Ok(()) => StatusCode::NO_CONTENT,
            Err(_) => StatusCode::GONE,
        }
    }

    async fn upgrade(mut request: Request) -> Result<Response, StatusCode> {
        let key = request.headers().get(header::SEC_WEBSOCKET_KEY).ok_or(StatusCode::BAD_REQUEST)?;
        let accept = derive_accept_key(key.as_bytes());
        let upgrading = hyper_upgrade(&mut request);
        tokio::spawn(async move {
            if let Some(socket) = upgrading.await {
                // A page that leaves in the middle is reported by the page itself.
                let _ = serve(socket).await;
            }
        });
        Response::builder()
            .status(StatusCode::SWITCHING_PROTOCOLS)
            .header(header::CONNECTION, "upgrade")
            .header(header::UPGRADE, "websocket")
            .header(header::SEC_WEBSOCKET_ACCEPT, accept)
            .body(axum::body::Body::empty())
            .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
    }

    type Socket = WebSocketStream<hyper_util::rt::TokioIo<hyper::upgrade::Upgraded>>;

    fn hyper_upgrade(request: &mut Request) -> impl Future<Output = Option<Socket>> + use<> {
        let upgrade = hyper::upgrade::on(request);
        async move {
            let upgraded = hyper_util::rt::TokioIo::new(upgrade.await.ok()?);
            let config = WebSocketConfig::default().read_buffer_size(64 << 10);
            Some(WebSocketStream::from_raw_socket(upgraded, Role::Server, Some(config)).await)
        }
    }

    async fn serve(mut socket: Socket) -> Result<(), Box<dyn Error + Send + Sync>> {
        while let Some(message) = socket.next().await {
            let Message::Text(text) = message? else { continue };
            let words: Vec<&str> = text.split(' ').collect();
            match words[..] {
                ["send", "me", count, size] => {
                    let payload = Bytes::from(vec![7; size.parse()?]);
                    for _ in 0..count.parse::<u64>()? {
                        socket.feed(Message::Binary(payload.clone())).await?;
                    }
                    socket.flush().await?;
                }
                ["take", count] => {
                    let mut missing: u64 = count.parse()?;
                    while missing > 0 {
                        let message = socket.next().await.ok_or("the page left")??;
                        if message.is_binary() {
                            missing -= 1;
                        }
                    }
                    socket.send(Message::text("taken")).await?;
                }
                _ => socket.send(Message::Text(text)).await?,
            }
        }
        Ok(())
    }
}

#[cfg(not(target_arch = "wasm32"))]
#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    server::run().await
}
