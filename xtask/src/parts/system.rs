//! The whole-system tests: real servers and browsers, with the app as it is served.

use crate::context::Context;
use crate::failure::Result;
use crate::setup::BrowserKind;
use crate::{app, page, process, scratch, setup};

use super::native::SYSTEM;

/// In Chromium.
pub(super) fn chromium(context: &Context) -> Result<()> {
    tests(context, BrowserKind::Chromium, &["--all-targets"], &[], &[])
}

/// Delivery over faults and kills, whole, in Chromium and natively.
pub(super) fn delivery(context: &Context) -> Result<()> {
    // One after another, and what was measured is told also when all is well.
    let choice = ["--test-threads", "1", "--nocapture"];
    tests(context, BrowserKind::Chromium, &["--test", "delivery"], &choice, &[("REJOIN_DELIVERY", "full")])
}

/// The speed test's figures at known rates, in Chromium: one run after another, and the table is printed in any case.
pub(super) fn speed_truth(context: &Context) -> Result<()> {
    let choice = ["speed_truth::", "--nocapture"];
    tests(context, BrowserKind::Chromium, &["--test", "system"], &choice, &[("REJOIN_SPEED", "full")])
}

/// In another browser, but for the tests that take commands of Chromium's driver.
pub(super) fn other(context: &Context, kind: BrowserKind) -> Result<()> {
    let mut choice = vec!["--skip", "chromium_only::"];
    if kind == BrowserKind::WebKit {
        // Its driver has no setting that blocks site data.
        choice.extend(["--skip", "every_page_works_with_cookies_and_site_data_blocked"]);
    }
    tests(context, kind, &["--test", "system", "--test", "delivery"], &choice, &[])
}

/// The tests of the package `rejoin-tests`, told where everything is:
/// `REJOIN_APP` the built app, `REJOIN_SERVER` the server's program, `REJOIN_DELIVERY_PAGE` the page of a participant, `REJOIN_CHROMIUM` and `CHROMEDRIVER`,
/// `REJOIN_FIREFOX` and `GECKODRIVER`, or `REJOIN_WEBKIT` and `WEBKITDRIVER` the browser, `REJOIN_AXE` the script of axe-core, `REJOIN_NGINX` nginx's program, `REJOIN_WASM_TOOLCHAIN`
/// the toolchain that trunk needs, if it is not the one in use.
fn tests(
    context: &Context,
    kind: BrowserKind,
    targets: &[&str],
    choice: &[&str],
    variables: &[(&str, &str)],
) -> Result<()> {
    let browser = kind.require(&context.toolbox)?;
    let server = context.build_binary("demo-server", "demo-server", false)?;
    let folder = app::built(context)?;
    let mut cargo = context.cargo(&["test", "--package", SYSTEM, "--no-fail-fast"]);
    cargo.args(targets).arg("--").args(choice);
    // The tests take the browser whose driver is named, so that only one may be.
    let _display = browser.prepare(&context.toolbox, &mut cargo)?;
    cargo.envs(variables.iter().copied());
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
