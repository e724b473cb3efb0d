//! The whole-system tests: real servers and browsers, with the app as it is served.

use std::process::Command;

use crate::context::Context;
use crate::failure::{Failure, Result};
use crate::{app, page, process, scratch, setup};

use super::native::SYSTEM;

/// In Chromium.
pub(super) fn chromium(context: &Context) -> Result<()> {
    let browser = setup::chromium(&context.toolbox)
        .ok_or_else(|| Failure::with_remedy("Chromium was not found", "run `cargo xtask setup`"))?;
    tests(context, &["--all-targets"], &[], |cargo| {
        cargo.env("REJOIN_CHROMIUM", &browser.program).env("CHROMEDRIVER", &browser.driver);
    })
}

/// Delivery over faults and kills, whole, in Chromium and natively.
pub(super) fn delivery(context: &Context) -> Result<()> {
    let browser = setup::chromium(&context.toolbox)
        .ok_or_else(|| Failure::with_remedy("Chromium was not found", "run `cargo xtask setup`"))?;
    // One after another, and what was measured is told also when all is well.
    tests(context, &["--test", "delivery"], &["--test-threads", "1", "--nocapture"], |cargo| {
        cargo.env("REJOIN_CHROMIUM", &browser.program).env("CHROMEDRIVER", &browser.driver);
        cargo.env("REJOIN_DELIVERY", "full");
    })
}

/// In Firefox, but for the tests that take commands of Chromium's driver.
pub(super) fn firefox(context: &Context) -> Result<()> {
    let browser = setup::firefox(&context.toolbox)
        .ok_or_else(|| Failure::with_remedy("Firefox was not found", "run `cargo xtask setup firefox`"))?;
    tests(context, &["--test", "system", "--test", "delivery"], &["--skip", "chromium_only::"], |cargo| {
        cargo.env("REJOIN_FIREFOX", &browser.program).env("GECKODRIVER", &browser.driver);
    })
}

/// The tests of the package `rejoin-tests`, told where everything is:
/// `REJOIN_APP` the built app, `REJOIN_SERVER` the server's program, `REJOIN_DELIVERY_PAGE` the page of a participant, `REJOIN_CHROMIUM` and `CHROMEDRIVER` or
/// `REJOIN_FIREFOX` and `GECKODRIVER` the browser, `REJOIN_AXE` the script of axe-core, `REJOIN_NGINX` nginx's program, `REJOIN_WASM_TOOLCHAIN`
/// the toolchain that trunk needs, if it is not the one in use.
fn tests(context: &Context, targets: &[&str], choice: &[&str], browser: impl Fn(&mut Command)) -> Result<()> {
    let server = context.build_binary("demo-server", "demo-server", false)?;
    let folder = app::built(context)?;
    let mut cargo = context.cargo(&["test", "--package", SYSTEM, "--no-fail-fast"]);
    cargo.args(targets).arg("--").args(choice);
    // The tests take the browser whose driver is named, so that only one may be.
    for name in ["CHROMEDRIVER", "GECKODRIVER"] {
        cargo.env_remove(name);
    }
    browser(&mut cargo);
    cargo.env("REJOIN_DELIVERY_PAGE", page::build(context, &page::DELIVERY)?);
    if let Some(nginx) = setup::nginx(&context.toolbox) {
        cargo.env("REJOIN_NGINX", nginx);
    }
    cargo.env("REJOIN_APP", folder).env("REJOIN_SERVER", server);
    cargo.env("REJOIN_AXE", setup::axe(&context.workspace, &context.toolbox)?);
    scratch::apply(&mut cargo)?;
    if let Some(name) = &context.wasm()?.name {
        cargo.env("REJOIN_WASM_TOOLCHAIN", name);
    }
    process::run(&mut cargo, "the whole-system tests")
}
