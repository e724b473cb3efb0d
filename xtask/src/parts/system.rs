//! The whole-system tests: real servers and browsers, with the app as it is served.

use crate::context::Context;
use crate::failure::{Failure, Result};
use crate::{app, process, setup};

use super::native::SYSTEM;

/// The tests of the package `rejoin-tests`, told where everything is:
/// `REJOIN_APP` the built app, `REJOIN_SERVER` the server's program, `REJOIN_CHROMIUM` and `CHROMEDRIVER` the
/// browser, `REJOIN_AXE` the script of axe-core, `REJOIN_WASM_TOOLCHAIN` the toolchain that trunk needs, if it is not the one in use.
pub(super) fn chromium(context: &Context) -> Result<()> {
    let browser = setup::chromium(&context.toolbox)
        .ok_or_else(|| Failure::with_remedy("Chromium was not found", "run `cargo xtask setup`"))?;
    let server = context.build_binary("demo-server", "demo-server", false)?;
    let folder = app::built(context)?;
    let mut cargo = context.cargo(&["test", "--package", SYSTEM, "--all-targets", "--no-fail-fast"]);
    cargo.env("REJOIN_APP", folder).env("REJOIN_SERVER", server);
    cargo.env("REJOIN_CHROMIUM", browser.program).env("CHROMEDRIVER", browser.driver);
    cargo.env("REJOIN_AXE", setup::axe(&context.workspace, &context.toolbox)?);
    if let Some(name) = &context.wasm()?.name {
        cargo.env("REJOIN_WASM_TOOLCHAIN", name);
    }
    process::run(&mut cargo, "the whole-system tests")
}
