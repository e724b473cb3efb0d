//! The test peer as a program: `test-peer --listen 127.0.0.1:PORT`.

use std::io::Write;
use std::net::SocketAddr;

use clap::Parser;
use rejoin_tests::peer;
use tokio::net::TcpListener;

/// A WebSocket server that misbehaves on demand, for the tests of clients. What it can do is told by GET /.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Where to listen; port 0 picks a free one.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// How many connections may be open at once; more are dropped.
    #[arg(long, value_name = "N", default_value_t = 2_000)]
    connections: usize,
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let arguments = Arguments::parse();
    let listener = TcpListener::bind(arguments.listen).await.map_err(|error| {
        std::io::Error::new(error.kind(), format!("can't listen on {}: {error}", arguments.listen))
    })?;
    let mut out = std::io::stdout();
    writeln!(out, "listening on http://{}", listener.local_addr()?)?;
    out.flush()?;
    peer::serve(listener, arguments.connections).await
}
