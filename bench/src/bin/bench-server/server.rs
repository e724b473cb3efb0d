//! The server: its addresses, and its life from the first line it prints to the page's last report.

use std::error::Error;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tower_http::services::ServeDir;

use crate::delivery::Delivery;
use crate::report::{Line, Tables};
use crate::{plain, session};

type Reports = Arc<mpsc::UnboundedSender<Line>>;

const USAGE: &str = "use bench-server PAGE_FOLDER ROUNDS, or bench-server PAGE_FOLDER delivery PEERS";

/// Runs until the page has reported that it is done.
pub(crate) async fn run() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    let (reports, mut lines) = mpsc::unbounded_channel();
    let mut app = Router::new()
        .route("/report", post(report).with_state(Arc::new(reports)))
        .route("/ws", get(plain::upgrade))
        .merge(session::routes(&format!("http://{address}"))?);
    let (folder, page) = match &arguments[..] {
        [folder, which, peers] if which == "delivery" => {
            app = app.merge(Delivery::start(address, peers).await?.routes());
            (folder, "delivery.html".to_owned())
        }
        [folder, rounds] => (folder, format!("?rounds={}", rounds.parse::<u32>()?)),
        _ => return Err(USAGE.into()),
    };
    let app = app.fallback_service(ServeDir::new(folder));
    println!("listening on http://{address}/{page}");
    tokio::spawn(async move { axum::serve(listener, app).await });

    let mut tables = Tables::default();
    while let Some(line) = lines.recv().await {
        match line {
            Line::Figure(figure) => tables.figure(figure),
            Line::Delivered(row) => tables.delivered(row),
            Line::Done { .. } => break,
            Line::Failed { failed } => return Err(failed.into()),
        }
    }
    tables.print();
    Ok(())
}

async fn report(State(reports): State<Reports>, Json(line): Json<Line>) -> StatusCode {
    match reports.send(line) {
        Ok(()) => StatusCode::NO_CONTENT,
        Err(_) => StatusCode::GONE,
    }
}
