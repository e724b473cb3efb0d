//! `cargo xtask bench`: rejoin beside raw JavaScript and its peers, in one headless Chromium that the page itself drives.

use std::path::Path;
use std::process::Command;

use crate::context::Context;
use crate::failure::Result;
use crate::page::Page;
use crate::process::Process;
use crate::server::Server;
use crate::setup::{self, BrowserKind, Need};
use crate::{npm, page, process, say, scratch};

const NEEDS: [Need; 5] =
    [Need::WasmTarget, Need::WasmBindgen, Need::WasmOpt, Need::NpmPackages, Need::Chromium];
/// The contenders and the page that runs them.
const PAGE: Page = Page {
    package: "rejoin-bench",
    target: &["--lib"],
    wasm: "contenders",
    files: "bench/page",
    folder: "bench-page",
};

/// The program that the peers' servers are.
const PEERS: &str = "bench/peers/server.mjs";
/// Idle sessions that are opened.
const IDLE: &str = "2000";

/// Throughput.
pub(crate) fn run(context: &Context, rounds: u32) -> Result<()> {
    context.provide(&NEEDS)?;
    let folder = page::build(context, &PAGE)?;
    page::copy(&npm::built(context)?.join(npm::MODULES[0]), &folder)?;
    say::progress(format_args!("bench: {rounds} rounds in Chromium; several minutes"));
    measure(context, &folder, &[&rounds.to_string()])
}

/// What arrives over faults, of each contender's messages.
pub(crate) fn delivery(context: &Context) -> Result<()> {
    context.provide(&[&NEEDS[..], &[Need::Peers]].concat())?;
    let folder = page::build(context, &PAGE)?;
    page::copy(&npm::built(context)?.join(npm::MODULES[0]), &folder)?;
    let peers = setup::peers(&context.workspace, &context.toolbox)?;
    for file in &peers.scripts {
        page::copy(file, &folder)?;
    }
    let mut node = context.toolbox.command("node");
    node.arg(context.workspace.root.join(PEERS)).arg(&peers.root);
    let node = Server::start(&mut node, "the peers' server")?;
    say::progress("bench: three contenders in Chromium, a minute or two each");
    let outcome = measure(context, &folder, &["delivery", &node.address]);
    drop(node);
    outcome
}

/// What idle sessions cost.
pub(crate) fn idle(context: &Context) -> Result<()> {
    let server = context.build_binary("demo-server", "demo-server", true)?;
    let program = context.build_binary("rejoin-bench", "idle-sessions", true)?;
    process::run(Command::new(program).arg(server).arg(IDLE), "idle-sessions")
}

/// Starts the server, which ends when the page has reported its last figure, and opens the page.
fn measure(context: &Context, folder: &Path, arguments: &[&str]) -> Result<()> {
    let program = context.build_binary("rejoin-bench", "bench-server", true)?;
    let mut command = Command::new(program);
    let server = Server::start(command.arg(folder).args(arguments), "the benchmark's server")?;
    let mut browser = open(context, folder, &server.address)?;
    let outcome = server.wait();
    browser.stop();
    outcome
}

/// No debugger is attached: it would slow every message down.
fn open(context: &Context, folder: &Path, address: &str) -> Result<Process> {
    let browser = BrowserKind::Chromium.require(&context.toolbox)?;
    let mut command = context.toolbox.command(browser.program);
    command.args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]);
    command.args(["--disable-background-networking", "--no-first-run", "--disable-component-update"]);
    let profile = folder.with_file_name("bench-profile");
    command.arg(format!("--user-data-dir={}", profile.display())).arg(address);
    command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    scratch::apply(&mut command)?;
    Process::start(&mut command, "Chromium")
}
