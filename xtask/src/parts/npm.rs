//! The tests of the npm package: its types, the class in Node.js and beside the browser's own, and the packed package.

use std::process::Command;

use crate::context::Context;
use crate::failure::{Failure, Result};
use crate::server::Server;
use crate::{npm, process, scratch, setup};

/// Where the tests lie.
const TESTS: &str = "client-lib/npm/test";
/// The tests that take seconds.
const QUICK: [&str; 3] = ["package.test.mjs", "node.test.mjs", "differential.test.mjs"];
/// The tests that install the packed package into projects.
const SLOW: [&str; 1] = ["projects.test.mjs"];

/// The quick tests, in Node.js and in Chromium.
pub(super) fn chromium(context: &Context) -> Result<()> {
    run(context, &QUICK, |node| in_chromium(context, node))
}

/// The packed package in throw-away projects, with Chromium where they need a browser.
pub(super) fn projects(context: &Context) -> Result<()> {
    run(context, &SLOW, |node| in_chromium(context, node))
}

fn in_chromium(context: &Context, node: &mut Command) -> Result<()> {
    let browser = setup::chromium(&context.toolbox)
        .ok_or_else(|| Failure::with_remedy("Chromium was not found", "run `cargo xtask setup`"))?;
    node.env("REJOIN_CHROMIUM", browser.program);
    Ok(())
}

/// Runs tests, told where everything is: `REJOIN_NPM` the package, `REJOIN_NPM_TOOLS` the folder with the node_modules
/// that they use, `REJOIN_TEST_PEER` the peer's address, `REJOIN_SERVER` the server's program.
fn run(context: &Context, files: &[&str], browser: impl Fn(&mut Command) -> Result<()>) -> Result<()> {
    let package = npm::built(context)?;
    let server = context.build_binary("demo-server", "demo-server", false)?;
    let peer = context.build_binary("rejoin-tests", "test-peer", false)?;
    let peer = Server::start(&mut context.toolbox.command(peer), "test-peer")?;
    let mut node = context.toolbox.command("node");
    node.args(["--test", "--test-reporter=dot", "--test-timeout=180000"]).args(files);
    node.current_dir(context.workspace.root.join(TESTS));
    node.env("REJOIN_NPM", package).env("REJOIN_NPM_TOOLS", setup::npm_packages(&context.toolbox));
    node.env("REJOIN_TEST_PEER", peer.ws_address()).env("REJOIN_SERVER", server);
    node.env_remove("REJOIN_FIREFOX").env_remove("NODE_OPTIONS");
    browser(&mut node)?;
    scratch::apply(&mut node)?;
    process::run(&mut node, "the tests of the npm package")
}
