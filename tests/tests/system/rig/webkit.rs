//! What WebKitGTK needs more than other browsers: a display, and a driver whose port is chosen for it.

use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};

use super::PATIENCE;
use super::program::Program;

/// How often the driver is tried until it listens.
const LOOK: Duration = Duration::from_millis(20);

/// A display without a screen. Each browser has one of its own: windows on one display share its focus, and a page
/// without the focus shows no outline.
#[derive(Debug)]
pub(crate) struct Display {
    pub(crate) name: String,
    _server: Program,
}

impl Display {
    /// Starts a display under the first number that is free.
    pub(crate) async fn start() -> Self {
        let mut command = Command::new("Xvfb");
        // It prints the number when it is ready.
        command.args(["-displayfd", "1", "-noreset", "-nolisten", "tcp", "-screen", "0", "1280x1024x24"]);
        let server = Program::start(&mut command);
        let number = server.stdout.after("").await;
        Self { name: format!(":{number}"), _server: server }
    }
}

/// Starts the driver, which can't choose a port itself and prints nothing when it listens.
pub(crate) async fn driver(command: &mut Command) -> (Program, SocketAddr) {
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let driver = Program::start(command.arg(format!("--port={}", address.port())));
    let listening = async {
        while TcpStream::connect(address).await.is_err() {
            sleep(LOOK).await;
        }
    };
    if timeout(PATIENCE, listening).await.is_err() {
        panic!("WebKit's driver does not listen:\n{}", driver.stderr.text());
    }
    (driver, address)
}
