//! The program itself: its one line, its exit codes, its help, its end.
#![allow(clippy::unwrap_used)] // A helper that fails is a test that fails.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

#[cfg(target_os = "linux")]
use rejoin_test_support::process::Process;
#[cfg(target_os = "linux")]
use rejoin_test_support::raw::{FIN, Raw, TEXT};
#[cfg(target_os = "linux")]
use rejoin_test_support::within;
#[cfg(target_os = "linux")]
use tokio::io::AsyncReadExt;

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_demo-server"));
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("REJOIN_")) {
        command.env_remove(name);
    }
    command
}

/// Ends the program when the test ends, however it ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn it_prints_one_line_when_it_is_ready_and_ends_well_when_asked_to() {
    let mut running = Running(program().args(["--listen", "127.0.0.1:0"]).spawn().unwrap());
    let mut stdout = BufReader::new(running.0.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    let address = line.strip_prefix("listening on http://").unwrap().trim_end();
    assert!(std::net::TcpStream::connect(address).is_ok());
    let terminated = Command::new("kill").arg(running.0.id().to_string()).status().unwrap();
    assert!(terminated.success());
    assert!(running.0.wait().unwrap().success());
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
    let mut log = String::new();
    running.0.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    assert!(log.contains("shutting down"), "{log}");
}

#[test]
fn the_address_may_come_from_the_environment() {
    let mut running = Running(program().env("REJOIN_LISTEN", "127.0.0.1:0").spawn().unwrap());
    let mut line = String::new();
    BufReader::new(running.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("listening on http://127.0.0.1:"), "{line}");
}

#[test]
fn a_port_that_is_taken_is_said_plainly() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = program().args(["--listen", &address]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(log.contains("is taken") && log.contains("--listen"), "{log}");
}

#[test]
fn mistakes_in_flags_are_explained() {
    for (flag, value, word) in [
        ("--listen", "8080", "--listen"),
        ("--classic", "dance", "chat, speed"),
        ("--max-connections", "many", "invalid digit"),
    ] {
        let output = program().args([flag, value]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{flag}");
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(message.contains(word), "{message}");
    }
    for (flag, value, words) in [
        ("--allow-origin", "localhost", "write http://localhost"),
        ("--allow-origin", "https://example.org/", "write https://example.org "),
        ("--allow-origin", "https://tea.*.org", "https://*.example.org"),
        ("--allow-origin", "htps://example.org", "write https://example.org "),
        ("--max-connections", "0", "--max-connections is 0 and must be 1 or more"),
        ("--header-seconds", "0", "--header-seconds is 0 and must be above 0"),
        ("--drain-seconds", "nan", "--drain-seconds is NaN and must be 0 to"),
    ] {
        let output = program().args(["--listen", "127.0.0.1:0", flag, value]).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{flag} {value}");
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(message.contains(words), "{message}");
    }
}

#[test]
fn the_help_names_every_flag_with_its_variable() {
    let output = program().arg("--help").output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    for flag in ["--listen", "--app", "--classic", "--allow-origin", "REJOIN_LISTEN", "REJOIN_IDLE_SECONDS"] {
        assert!(help.contains(flag), "{flag}: {help}");
    }
}

/// A WebSocket at `/ws/speed` whose client asks for the file and reads nothing of it.
#[cfg(target_os = "linux")]
async fn stalled_download(address: std::net::SocketAddr) -> Raw {
    let mut raw = Raw::connect(address).await;
    let head = raw.request(&raw.good_request_for("/ws/speed", "")).await;
    assert_eq!(head.status, 101, "{}", head.text);
    raw.send(FIN | TEXT, b"start").await;
    // The first bytes of the file are here: the download is under way.
    within(raw.stream.read_exact(&mut [0; 1024])).await.unwrap();
    raw
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn twenty_stalled_downloads_of_ten_megabytes_cost_a_few_megabytes() {
    let args = ["--listen", "127.0.0.1:0", "--dead-seconds", "600"];
    let mut running = Running(program().args(args).stderr(Stdio::null()).spawn().unwrap());
    let mut line = String::new();
    BufReader::new(running.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim_end().strip_prefix("listening on http://").unwrap().parse().unwrap();
    drop(stalled_download(address).await);
    let server = Process::new(running.0.id());
    let before = server.resident_bytes().unwrap();
    let mut stalled = Vec::new();
    for _ in 0..20 {
        stalled.push(stalled_download(address).await);
    }
    let after = server.resident_bytes().unwrap();
    assert!(after < before + 10_000_000, "20 stalled downloads cost {} bytes", after - before);
    drop(stalled);
}
