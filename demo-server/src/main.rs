//! The demo server's program: reads the configuration, listens, serves until it is told to stop.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use clap::Parser;
use demo_server::{Config, RunError};
use tokio::net::TcpListener;

fn main() -> ExitCode {
    let config = Config::parse();
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_max_level(config.log)
        .init();
    match serve(config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn serve(config: Config) -> Result<(), RunError> {
    let listener =
        TcpListener::bind(config.listen).await.map_err(|error| RunError::listen(config.listen, error))?;
    let address = listener.local_addr().map_err(|error| RunError::listen(config.listen, error))?;
    let stop = demo_server::stop_signal()?;
    let server = demo_server::Server::new(config)?;
    let mut stdout = std::io::stdout();
    writeln!(stdout, "listening on http://{address}")
        .and_then(|()| stdout.flush())
        .map_err(RunError::Stdout)?;
    server.run(listener, stop).await
}
