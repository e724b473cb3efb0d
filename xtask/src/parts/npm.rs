//! The tests of the npm package: its types, the class in Node.js and beside the browser's own, and the packed package.

use std::ffi::OsString;

use crate::context::Context;
use crate::failure::Result;
use crate::server::Server;
use crate::setup::BrowserKind;
use crate::{npm, process, scratch, setup};

/// Where the tests lie.
const TESTS: &str = "client-lib/npm/test";
/// The tests, what fails soonest first.
const FILES: [&str; 14] = [
    "package.test.mjs",
    "node.test.mjs",
    "providers.test.mjs",
    "log.test.mjs",
    "faults.test.mjs",
    "navigation.test.mjs",
    "session.test.mjs",
    "session-life.test.mjs",
    "session-reading.test.mjs",
    "session-sending.test.mjs",
    "session-ends.test.mjs",
    "session-page.test.mjs",
    "differential.test.mjs",
    "projects.test.mjs",
];

/// Runs the tests in Node.js and in a browser, with variables that say where everything is: `REJOIN_NPM` the package, `REJOIN_NPM_TOOLS` the folder with the node_modules
/// that they use, `REJOIN_NODES` other programs of Node.js than the one that runs them, `REJOIN_TEST_PEER` the peer's address, `REJOIN_SERVER` the server's program, `REJOIN_CHROMIUM`,
/// `REJOIN_FIREFOX` or `REJOIN_WEBKIT` the browser.
pub(super) fn tests(context: &Context, kind: BrowserKind) -> Result<()> {
    let browser = kind.require(&context.toolbox)?;
    let package = npm::built(context)?;
    let server = context.build_binary("demo-server", "demo-server", false)?;
    let peer = context.build_binary("rejoin-tests", "test-peer", false)?;
    let peer = Server::start(&mut context.toolbox.command(peer), "test-peer")?;
    let mut node = context.toolbox.command("node");
    node.args(["--test", "--test-reporter=dot", "--test-timeout=180000"]).args(FILES);
    node.current_dir(context.workspace.root.join(TESTS));
    node.env("REJOIN_NPM", package).env("REJOIN_NPM_TOOLS", setup::npm_packages(&context.toolbox));
    node.env("REJOIN_NODES", nodes(context)?);
    node.env("REJOIN_TEST_PEER", peer.ws_address()).env("REJOIN_SERVER", server);
    node.env_remove("NODE_OPTIONS");
    let _display = browser.prepare(&context.toolbox, &mut node)?;
    scratch::apply(&mut node)?;
    process::run(&mut node, "the tests of the npm package")
}

/// The newer one, and those that whoever runs this names.
fn nodes(context: &Context) -> Result<OsString> {
    let mut nodes = setup::newer_node(&context.workspace, &context.toolbox)?.into_os_string();
    if let Some(more) = std::env::var_os("REJOIN_NODES") {
        nodes.push(",");
        nodes.push(more);
    }
    Ok(nodes)
}
