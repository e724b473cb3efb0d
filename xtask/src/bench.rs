//! `cargo xtask bench`: rejoin beside raw JavaScript and gloo-net, in one headless Chromium that the page itself drives.

use std::path::Path;
use std::process::Command;

use crate::app::PROFILE;
use crate::context::Context;
use crate::failure::{Context as _, Failure, Result};
use crate::process::Process;
use crate::server::Server;
use crate::setup::{self, Need};
use crate::{process, say, scratch, toolchain};

const NEEDS: [Need; 4] = [Need::WasmTarget, Need::WasmBindgen, Need::WasmOpt, Need::Chromium];
/// The files of the page that are not built.
const PAGE: &str = "bench/page";

/// The command. Its server ends when the page has reported its last figure.
pub(crate) fn run(context: &Context, rounds: u32) -> Result<()> {
    context.provide(&NEEDS)?;
    let folder = context.workspace.target.join("bench-page");
    build(context, &folder)?;
    let program = context.build_binary("rejoin-bench", "bench-server", true)?;
    let mut command = Command::new(program);
    let server = Server::start(command.arg(&folder).arg(rounds.to_string()), "the benchmark's server")?;
    say::progress(format_args!("bench: {rounds} rounds in Chromium; several minutes"));
    let mut browser = open(context, &folder, &server.address)?;
    let outcome = server.wait();
    browser.stop();
    outcome
}

/// No debugger is attached: it would slow every message down.
fn open(context: &Context, folder: &Path, address: &str) -> Result<Process> {
    let browser = setup::chromium(&context.toolbox)
        .ok_or_else(|| Failure::with_remedy("Chromium was not found", "run `cargo xtask setup`"))?;
    let mut command = context.toolbox.command(browser.program);
    command.args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]);
    command.args(["--disable-background-networking", "--no-first-run", "--disable-component-update"]);
    let profile = folder.with_file_name("bench-profile");
    command.arg(format!("--user-data-dir={}", profile.display())).arg(address);
    command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    scratch::apply(&mut command)?;
    Process::start(&mut command, "Chromium")
}

fn build(context: &Context, folder: &Path) -> Result<()> {
    let arguments = ["--quiet", "--package", "rejoin-bench", "--lib", "--profile", PROFILE];
    process::run(&mut context.wasm_cargo("build", &arguments)?, "building the contenders")?;
    let built = context.workspace.target.join(toolchain::TARGET).join(PROFILE).join("contenders.wasm");
    let mut bindgen = context.toolbox.command("wasm-bindgen");
    bindgen.args(["--target", "web", "--no-typescript", "--out-dir"]).arg(folder).arg(built);
    process::run(&mut bindgen, "wasm-bindgen")?;
    let wasm = folder.join("contenders_bg.wasm");
    let mut opt = context.toolbox.command("wasm-opt");
    process::run(opt.args(["-Oz", "-o"]).arg(&wasm).arg(&wasm), "wasm-opt")?;
    let page = context.workspace.root.join(PAGE);
    for name in ["index.html", "bench.mjs"] {
        let (from, to) = (page.join(name), folder.join(name));
        std::fs::copy(&from, &to).context(|| format!("copy {}", from.display()))?;
    }
    Ok(())
}
