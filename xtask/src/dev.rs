//! `cargo xtask dev`: trunk serves the app, demo-server runs beside it, and both follow the sources.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::context::Context;
use crate::failure::{Failure, Result};
use crate::process::{self, Process};
use crate::server::{self, Server};
use crate::setup::Need;
use crate::{app, say};

const NEEDS: [Need; 3] = [Need::WasmTarget, Need::Trunk, Need::WasmBindgen];
/// demo-server's own port, and trunk's.
const SERVER_PORT: u16 = 8080;
const PAGE_PORT: u16 = 8081;
/// The origins that the page can have when trunk serves it.
const ORIGINS: [&str; 2] = ["http://localhost:8081", "http://127.0.0.1:8081"];
/// What demo-server is made of.
const SOURCES: [&str; 7] =
    ["protocol", "codec", "server-lib", "demo-messages", "demo-server", "Cargo.toml", "Cargo.lock"];
/// How often the sources are looked at.
const STEP: Duration = Duration::from_millis(300);

/// Serves until one of the two ends or is interrupted, then ends the other.
pub(crate) fn run(context: &Context) -> Result<()> {
    // Asked before anything is built; the programs themselves would find out at the end.
    for port in [SERVER_PORT, PAGE_PORT] {
        check_port(port)?;
    }
    context.provide(&NEEDS)?;
    let mut seen = snapshot(&context.workspace.root);
    let mut server = Some(start_server(context)?);
    let mut trunk = start_trunk(context)?;
    loop {
        std::thread::sleep(STEP);
        if process::interrupted() {
            return Err(Failure::Interrupted);
        }
        if let Some(status) = trunk.poll()? {
            return Err(Failure::new(format!("trunk serve ended ({status})")));
        }
        if let Some(ended) = server.as_mut().map(Server::poll).transpose()?.flatten() {
            say::progress(format_args!("dev: {ended}; it starts again when a file of its sources changes"));
            server = None;
        }
        let now = snapshot(&context.workspace.root);
        if now == seen {
            continue;
        }
        seen = now;
        // Built before the old one is stopped, so that a typing error costs nobody the connection.
        match build(context) {
            Ok(binary) => {
                drop(server.take());
                match start(context, binary) {
                    Ok(started) => server = Some(started),
                    Err(failure) => say::progress(format_args!("dev: {failure}")),
                }
            }
            Err(Failure::Interrupted) => return Err(Failure::Interrupted),
            Err(failure) => say::progress(format_args!("dev: {failure}; the last build goes on running")),
        }
    }
}

/// Both ports are fixed, because the page looks for its server at a known place.
fn check_port(port: u16) -> Result<()> {
    if server::is_free(port) {
        return Ok(());
    }
    Err(Failure::with_remedy(
        format!("port {port} of 127.0.0.1 is taken: another program listens there"),
        "end that program, which may be another `cargo xtask dev` or `cargo xtask run`, then run the command again",
    ))
}

fn start_server(context: &Context) -> Result<Server> {
    start(context, build(context)?)
}

fn build(context: &Context) -> Result<PathBuf> {
    say::progress("dev: building demo-server");
    context.build_binary("demo-server", "demo-server", false)
}

fn start(context: &Context, binary: PathBuf) -> Result<Server> {
    let mut command = context.toolbox.command(binary);
    command.args(["--listen", &format!("127.0.0.1:{SERVER_PORT}")]);
    for origin in ORIGINS {
        command.args(["--allow-origin", origin]);
    }
    server::keep_rooms(&mut command, &context.workspace.target);
    let server = Server::start(&mut command, "demo-server")?;
    say::progress(format_args!("dev: demo-server is listening on {}", server.address));
    Ok(server)
}

fn start_trunk(context: &Context) -> Result<Process> {
    let mut trunk = app::trunk(context, "serve")?;
    // A folder of its own, so that it does not mix with what `run` and `test` build.
    let dist = context.workspace.target.join("dev-dist");
    std::fs::create_dir_all(&dist)
        .map_err(|error| Failure::new(format!("could not make the folder {}: {error}", dist.display())))?;
    // Compiled for speed of compiling, where Trunk.toml says how it is shipped.
    trunk.args(["--cargo-profile", "dev", "--port", &PAGE_PORT.to_string(), "--dist"]).arg(dist);
    say::progress(format_args!("dev: the app will be on {}", ORIGINS[0]));
    Process::start(&mut trunk, "trunk serve")
}

/// When each source file was last changed.
fn snapshot(root: &Path) -> BTreeMap<PathBuf, SystemTime> {
    let mut found = BTreeMap::new();
    let mut paths: Vec<PathBuf> = SOURCES.iter().map(|source| root.join(source)).collect();
    while let Some(path) = paths.pop() {
        // A file that vanishes under the eyes is a change as well: it is missing from the result.
        let Ok(meta) = path.metadata() else { continue };
        if meta.is_dir() {
            let entries = std::fs::read_dir(&path).into_iter().flatten().flatten();
            paths.extend(entries.map(|entry| entry.path()));
        } else if let Ok(changed) = meta.modified() {
            found.insert(path, changed);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_named_with_the_remedy() {
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        let failure = check_port(port).unwrap_err().to_string();
        assert!(failure.contains(&format!("port {port} of 127.0.0.1 is taken")), "{failure}");
        assert!(failure.contains("what to do: end that program"), "{failure}");
    }

    #[test]
    fn a_changed_a_new_and_a_removed_file_are_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let source = dir.path().join("protocol/src");
        std::fs::create_dir_all(&source).unwrap();
        std::fs::write(source.join("lib.rs"), "1").unwrap();
        let first = snapshot(dir.path());
        assert_eq!(first, snapshot(dir.path()));

        let file = std::fs::File::options().write(true).open(source.join("lib.rs")).unwrap();
        file.set_modified(SystemTime::now() + Duration::from_secs(5)).unwrap();
        let changed = snapshot(dir.path());
        assert_ne!(first, changed);

        std::fs::write(source.join("new.rs"), "2").unwrap();
        let more = snapshot(dir.path());
        assert_ne!(changed, more);
        std::fs::remove_file(source.join("new.rs")).unwrap();
        assert_eq!(changed, snapshot(dir.path()));
    }
}
