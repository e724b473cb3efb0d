//! The demo's server as a process of its own.

use std::net::SocketAddr;
use std::process::{Command, ExitStatus};

use nix::sys::signal::Signal;
use rejoin_test_support::http;

use super::lines::Lines;
use super::program::Program;
use super::settings;

/// A running server.
#[derive(Debug)]
pub(crate) struct Server {
    program: Program,
    pub(crate) address: SocketAddr,
    arguments: Vec<String>,
}

impl Server {
    /// Starts one on a free port with these arguments besides.
    pub(crate) async fn start(arguments: &[&str]) -> Self {
        let arguments: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        Self::listen("127.0.0.1:0".parse().unwrap(), arguments).await
    }

    /// Starts one on a port that was chosen before.
    pub(crate) async fn listen(address: SocketAddr, arguments: Vec<String>) -> Self {
        let mut command = Command::new(settings::server());
        // What is set for a server by hand is not for these.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("REJOIN_") {
                command.env_remove(name);
            }
        }
        command.arg("--listen").arg(address.to_string()).args(&arguments);
        if !arguments.iter().any(|argument| argument == "--app") {
            command.arg("--app").arg(settings::app());
        }
        let program = Program::start(&mut command);
        let address = program.stdout.after("listening on http://").await.parse().unwrap();
        Self { program, address, arguments }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn log(&self) -> &Lines {
        &self.program.stderr
    }

    /// How many WebSockets it has open, by its own count.
    pub(crate) async fn connections(&self) -> u64 {
        http::get(self.address, "/health").await.json()["connections"].as_u64().unwrap()
    }

    /// Stops it where it is: it takes what comes, and answers nothing.
    pub(crate) fn freeze(&self) {
        self.program.signal(Signal::SIGSTOP);
    }

    /// As a crash would: nothing is said to anybody.
    pub(crate) async fn kill(mut self) -> Gone {
        self.program.signal(Signal::SIGKILL);
        self.program.ended().await;
        Gone { address: self.address, arguments: std::mem::take(&mut self.arguments) }
    }

    /// As an operator would end it.
    pub(crate) async fn terminate(mut self) -> (ExitStatus, Gone) {
        self.program.signal(Signal::SIGTERM);
        let status = self.program.ended().await;
        (status, Gone { address: self.address, arguments: std::mem::take(&mut self.arguments) })
    }
}

/// A server that was; another may take its place.
#[derive(Debug)]
pub(crate) struct Gone {
    address: SocketAddr,
    arguments: Vec<String>,
}

impl Gone {
    /// On the same port, with the same arguments.
    pub(crate) async fn restart(self) -> Server {
        Server::listen(self.address, self.arguments).await
    }
}
