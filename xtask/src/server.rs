//! A server of ours as a child: started, heard to be listening, and stopped.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use crate::failure::{Context as _, Failure, Result};
use crate::process::{Process, interrupted};
use crate::say;

/// What a server of ours prints when it is ready, before its address.
const READY: &str = "listening on ";
/// How long one may take to be ready.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server that listens.
#[derive(Debug)]
pub(crate) struct Server {
    process: Process,
    /// Its address: of ours as `http://HOST:PORT`.
    pub(crate) address: String,
}

impl Server {
    /// Starts a server and waits for its address. Its other output goes where ours goes.
    pub(crate) fn start(command: &mut Command, what: &str) -> Result<Self> {
        Self::start_after(command, what, READY)
    }

    /// The same for a server that prints something else than ours before its address.
    pub(crate) fn start_after(command: &mut Command, what: &str, ready: &'static str) -> Result<Self> {
        Self::start_within(command, what, ready, PATIENCE)
    }

    fn start_within(
        command: &mut Command,
        what: &str,
        ready: &'static str,
        patience: Duration,
    ) -> Result<Self> {
        let mut process = Process::start(command.stdout(Stdio::piped()), what)?;
        let (sender, lines) = mpsc::channel();
        if let Some(out) = process.take_stdout() {
            // Reads to the end, so that the server never blocks on a full pipe.
            std::thread::spawn(move || {
                for line in BufReader::new(out).lines().map_while(std::result::Result::ok) {
                    match line.strip_prefix(ready) {
                        Some(address) => drop(sender.send(address.trim().to_owned())),
                        None => say::result(line),
                    }
                }
            });
        }
        let until = Instant::now() + patience;
        loop {
            match lines.recv_timeout(Duration::from_millis(50)) {
                Ok(address) => return Ok(Self { process, address }),
                // Its output is closed: it is ending, and its exit code is what counts.
                Err(RecvTimeoutError::Disconnected) => return Err(ended(&mut process)?),
                Err(RecvTimeoutError::Timeout) if Instant::now() < until => {}
                Err(RecvTimeoutError::Timeout) => {
                    process.stop();
                    return Err(Failure::new(format!(
                        "{what} did not print `{ready}` and its address within {} s",
                        patience.as_secs()
                    )));
                }
            }
        }
    }

    /// The address for a WebSocket, as `ws://HOST:PORT`.
    pub(crate) fn ws_address(&self) -> String {
        self.address.replacen("http", "ws", 1)
    }

    /// Waits for its end; an exit code other than 0 is passed on.
    pub(crate) fn wait(mut self) -> Result<()> {
        let status = self.process.wait()?;
        if status.success() { Ok(()) } else { Err(ended(&mut self.process)?) }
    }

    /// How it ended, if it has.
    pub(crate) fn poll(&mut self) -> Result<Option<Failure>> {
        match self.process.poll()? {
            Some(_) => ended(&mut self.process).map(Some),
            None => Ok(None),
        }
    }
}

/// Lets demo-server keep its rooms in a folder among what is built, so that a restart does not forget them; another
/// folder may be named by the option or the variable.
pub(crate) fn keep_rooms(command: &mut Command, target: &Path) {
    if std::env::var_os("REJOIN_DATA").is_none() {
        command.env("REJOIN_DATA", target.join("demo-data"));
    }
}

fn ended(process: &mut Process) -> Result<Failure> {
    let status = process.wait()?;
    if interrupted() {
        return Ok(Failure::Interrupted);
    }
    Ok(match status.code().map(u8::try_from) {
        Some(Ok(code)) => Failure::Ended { what: process.what().to_owned(), code },
        _ => Failure::new(format!("{} was ended by a signal ({status})", process.what())),
    })
}

/// `127.0.0.1:preferred` when that port is free, so that tests with the address in them need no new build,
/// else with port 0, which lets the server pick.
pub(crate) fn loopback(preferred: u16) -> String {
    format!("127.0.0.1:{}", if is_free(preferred) { preferred } else { 0 })
}

/// Whether nobody listens on this port of 127.0.0.1.
pub(crate) fn is_free(port: u16) -> bool {
    TcpListener::bind(("127.0.0.1", port)).is_ok()
}

/// `127.0.0.1` with the preferred port when that is free, else with one that is.
pub(crate) fn free(preferred: u16) -> Result<String> {
    let bound = TcpListener::bind(("127.0.0.1", preferred)).or_else(|_| TcpListener::bind(("127.0.0.1", 0)));
    let address =
        bound.and_then(|listener| listener.local_addr()).context(|| "find a free port".to_owned())?;
    Ok(address.to_string())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn the_address_is_read_from_the_line_that_a_ready_server_prints() {
        let server =
            Server::start(&mut shell("echo hello; echo listening on http://127.0.0.1:9; sleep 60"), "it")
                .unwrap();
        assert_eq!(server.address, "http://127.0.0.1:9");
        assert_eq!(server.ws_address(), "ws://127.0.0.1:9");
    }

    #[test]
    fn a_server_that_fails_at_the_start_passes_its_exit_code_on() {
        let failure = Server::start(&mut shell("exit 7"), "it").unwrap_err();
        assert_eq!(failure.exit_code(), 7);
        assert!(failure.to_string().contains("it ended with exit code 7"));
    }

    #[test]
    fn a_server_that_says_nothing_is_stopped_and_named() {
        let started = Instant::now();
        let failure =
            Server::start_within(&mut shell("sleep 60"), "the silent one", READY, Duration::from_millis(100))
                .unwrap_err();
        assert!(failure.to_string().contains("the silent one did not print"), "{failure}");
        assert!(started.elapsed() < Duration::from_secs(50));
    }

    #[test]
    fn a_taken_port_is_left_to_its_owner() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        assert_eq!(loopback(port), "127.0.0.1:0");
        assert_ne!(free(port).unwrap(), format!("127.0.0.1:{port}"));
    }
}
