//! `trunk serve` with the app's own index.html and configuration, but for the two addresses that tests can't fix.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use rejoin_test_support::http;
use tempfile::TempDir;

use super::program::Program;
use super::settings;

/// Building the app may take so long when nothing of it has been compiled before.
const BUILD: Duration = Duration::from_secs(300);
/// How often it is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// A running trunk.
#[derive(Debug)]
pub(crate) struct Trunk {
    program: Program,
    pub(crate) address: SocketAddr,
    _folder: TempDir,
}

impl Trunk {
    /// Serves the app on a free port, told that the demo's server is at `server`.
    pub(crate) async fn start(address: SocketAddr, server: SocketAddr) -> Self {
        let folder = TempDir::with_prefix("rejoin-trunk-").unwrap();
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        // Trunk takes relative paths only.
        let up = "../".repeat(folder.path().canonicalize().unwrap().components().count() - 1);
        let app = format!("{up}{}/demo-app/", root.display().to_string().trim_start_matches('/'));
        let told = format!("name=\"rejoin-server\" content=\"{server}\"");
        let index = rewritten(
            &root.join("index.html"),
            &[
                ("name=\"rejoin-server\" content=\"\"", &told),
                ("href=\"demo-app/", &format!("href=\"{app}")),
                ("data-initializer=\"demo-app/", &format!("data-initializer=\"{app}")),
            ],
        );
        fs::write(folder.path().join("index.html"), index).unwrap();
        let configuration = rewritten(
            &root.join("Trunk.toml"),
            &[
                ("http://127.0.0.1:8080/", &format!("http://{server}/")),
                ("watch = [\"index.html\", \"demo-app\"", "watch = [\"index.html\""),
                (", \"demo-messages\", \"codec\", \"protocol\", \"client-lib\"]", "]"),
            ],
        );
        fs::write(folder.path().join("Trunk.toml"), configuration).unwrap();
        let mut command = Command::new("trunk");
        // What cargo tells a test about itself and its toolchain is not for the build of the app.
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            let of_cargo = text.starts_with("CARGO") && text != "CARGO_HOME" && text != "CARGO_TARGET_DIR";
            if of_cargo || ["RUSTUP_TOOLCHAIN", "LD_LIBRARY_PATH", "NO_COLOR"].contains(&&*text) {
                command.env_remove(name);
            }
        }
        if let Some(toolchain) = settings::wasm_toolchain() {
            command.env("RUSTUP_TOOLCHAIN", toolchain);
        }
        command.current_dir(folder.path());
        command.args(["serve", "--offline", "true", "--skip-version-check", "--locked", "true"]);
        command.arg("--port").arg(address.port().to_string());
        let mut trunk = Self { program: Program::start(&mut command), address, _folder: folder };
        trunk.built().await;
        trunk
    }

    /// Waits until it serves the app, which it does not yet while it builds it.
    async fn built(&mut self) {
        let deadline = Instant::now() + BUILD;
        while !self.serves().await {
            let status = self.program.status();
            let said = format!("{}\n{}", self.program.stdout.text(), self.program.stderr.text());
            assert!(status.is_none(), "trunk has ended, {status:?}:\n{said}");
            assert!(!said.contains(" ERROR "), "trunk can't build the app:\n{said}");
            assert!(Instant::now() < deadline, "trunk serves nothing after {BUILD:?}:\n{said}");
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn serves(&self) -> bool {
        // A connection first: there is no answer to wait for before it listens.
        tokio::net::TcpStream::connect(self.address).await.is_ok()
            && http::get(self.address, "/").await.status == 200
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

/// An address that nothing listens on at present.
pub(crate) fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// A file with parts of it replaced, each of which it must have.
fn rewritten(path: &Path, parts: &[(&str, &str)]) -> String {
    let mut text = fs::read_to_string(path).unwrap();
    for (old, new) in parts {
        assert!(text.contains(old), "{} has no {old:?}", path.display());
        text = text.replace(old, new);
    }
    text
}
