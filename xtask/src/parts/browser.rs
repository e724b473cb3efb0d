//! The tests of the browser's crates, in a headless browser, against servers of ours.

use std::process::Command;

use crate::context::Context;
use crate::failure::Result;
use crate::server::{self, Server};
use crate::setup::BrowserKind;
use crate::{process, scratch};

use super::selection::choose;

/// The servers that the tests talk to: package, binary, the variable with the address, the port if it is free.
/// Tests read the variable when they are compiled, which is why the port is a fixed one where possible.
const PEERS: [(&str, &str, &str, u16); 2] = [
    ("rejoin-tests", "test-peer", "REJOIN_TEST_PEER", 19480),
    ("demo-server", "demo-server", "REJOIN_TEST_SERVER", 19481),
];

/// Where the runner serves the page of the tests, if that port is free.
const PAGE_PORT: u16 = 19482;
/// How the drivers start their browsers: one file for the tests of all crates.
const CAPABILITIES: &str = "client-lib/webdriver.json";
/// How long the tests of one crate may take together, in seconds. The runner's own 20 are not enough for many tests
/// on a slow machine, and each test has a limit of its own.
pub(super) const SECONDS: u32 = 600;
/// The same for the tests that take long by intent.
const LONG_SECONDS: u32 = 3_600;
/// What is tested of a crate.
pub(super) const TARGETS: [&str; 4] = ["--no-fail-fast", "--lib", "--bins", "--tests"];
/// The crate with the tests that are run in more than one way.
pub(super) const CLIENT: &str = "rejoin";

/// How long a driver may take to start its browser, in seconds.
const DRIVER_SECONDS: &str = "60";

/// Gives the variables with the addresses values, for checks that compile the tests and do not run them.
pub(super) fn name_peers(cargo: &mut Command) {
    for (_, _, variable, port) in PEERS {
        cargo.env(variable, format!("ws://127.0.0.1:{port}"));
    }
}

/// Every crate's tests in a browser.
pub(super) fn tests(context: &Context, kind: BrowserKind) -> Result<()> {
    run(context, every_crate(context)?, kind, SECONDS)
}

/// The ten thousand lives of connections that are to leave nothing behind, in Chromium.
pub(super) fn leaks(context: &Context) -> Result<()> {
    let mut cargo = context.wasm_cargo("test", &["--test", "leaks"])?;
    choose(&mut cargo, [context.workspace.package(CLIENT)?]);
    // What it measured is told also when all is well.
    cargo.args(["--", "--include-ignored", "--nocapture"]);
    run(context, cargo, BrowserKind::Chromium, LONG_SECONDS)
}

fn every_crate(context: &Context) -> Result<Command> {
    let mut cargo = context.wasm_cargo("test", &TARGETS)?;
    choose(&mut cargo, context.workspace.browser());
    Ok(cargo)
}

/// Runs tests with a browser's driver and the servers that they talk to; those of one crate may take `seconds`.
pub(super) fn run(context: &Context, mut cargo: Command, kind: BrowserKind, seconds: u32) -> Result<()> {
    let browser = kind.require(&context.toolbox)?;
    let _display = browser.prepare(&context.toolbox, &mut cargo)?;
    // The runner takes the first driver whose variable is set, so that only one may be.
    for name in ["GECKODRIVER", "SAFARIDRIVER", "CHROMEDRIVER", "MSEDGEDRIVER"] {
        cargo.env_remove(name).env_remove(format!("{name}_REMOTE"));
    }
    cargo.env(kind.runner_variable(), &browser.driver);
    cargo.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", "wasm-bindgen-test-runner");
    let capabilities = context.workspace.root.join(CAPABILITIES);
    cargo.env("WASM_BINDGEN_TEST_WEBDRIVER_JSON", capabilities);
    cargo
        .env("WASM_BINDGEN_TEST_TIMEOUT", seconds.to_string())
        .env("WASM_BINDGEN_TEST_DRIVER_TIMEOUT", DRIVER_SECONDS);
    // A failed test is told by its own words; a backtrace through the runner hides them.
    cargo.env("RUST_BACKTRACE", "0");
    scratch::apply(&mut cargo)?;
    // The page of the tests has an origin of its own, which the demo's server is to let in.
    let page = server::free(PAGE_PORT)?;
    cargo.env("WASM_BINDGEN_TEST_ADDRESS", &page);
    let mut servers = Vec::new();
    for (package, binary, variable, port) in PEERS {
        let program = context.build_binary(package, binary, false)?;
        let mut command = context.toolbox.command(program);
        command
            .arg("--listen")
            .arg(server::loopback(port))
            .env("REJOIN_ALLOW_ORIGIN", format!("http://{page}"));
        let server = Server::start(&mut command, binary)?;
        cargo.env(variable, server.ws_address());
        servers.push(server);
    }
    let outcome = process::run(&mut cargo, "the tests in the browser");
    // A server that died under the tests explains their failure better than they do.
    for server in &mut servers {
        if let Some(failure) = server.poll()? {
            return Err(failure.within("under the tests"));
        }
    }
    outcome
}
