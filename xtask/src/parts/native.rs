//! Tests on the host, examples in the documentation, and each feature by itself.

use crate::context::Context;
use crate::failure::{Failure, Result};
use crate::process;
use crate::workspace::Package;

use super::lint::both;
use super::selection::{choose, choose_on_host, has_host_tests, is_for_host, with_host_feature};

/// The package of the whole-system tests, which are a part of their own.
pub(super) const SYSTEM: &str = "rejoin-tests";
/// The packages whose features are compiled one by one.
const FEATURED: [&str; 3] = ["rejoin-codec", "rejoin", "rejoin-server"];

/// Unit and integration tests, by nextest where it is installed; of the browser's crates those in their sources, and
/// those for their builds for the host.
pub(super) fn tests(context: &Context) -> Result<()> {
    let nextest = process::capture(&mut context.cargo(&["nextest", "--version"]), "cargo nextest").is_ok();
    let runner = || match nextest {
        true => {
            context.cargo(&["nextest", "run", "--no-tests=pass", "--no-fail-fast", "--status-level=fail"])
        }
        false => context.cargo(&["test", "--quiet", "--no-fail-fast"]),
    };
    let mut browser = Vec::new();
    for package in context.workspace.browser() {
        if has_host_tests(package)? {
            browser.push(package);
        }
    }
    let native = context.workspace.native().filter(|package| package.name != SYSTEM);
    let native =
        process::run(choose(&mut runner(), native).arg("--all-targets"), "the tests of the native crates");
    let browser = both(native, || match browser.as_slice() {
        [] => Ok(()),
        some => {
            let mut cargo = runner();
            choose(&mut cargo, some.iter().copied()).args(["--lib", "--bins"]);
            process::run(&mut cargo, "the host's tests of the browser's crates")
        }
    });
    with_host_feature(&context.workspace).fold(browser, |sofar, package| {
        let mut cargo = runner();
        choose_on_host(&mut cargo, package).args(["--lib", "--tests"]);
        let what = format!("the tests of {} built for the host", package.name);
        both(sofar, || process::run(&mut cargo, &what))
    })
}

/// Examples in the documentation; those of the browser's crates are compiled for the browser.
pub(super) fn doctests(context: &Context) -> Result<()> {
    let libraries = |package: &&Package| package.library;
    let mut native = context.cargo(&["test", "--quiet", "--doc", "--no-fail-fast"]);
    let mut wasm = context.wasm_cargo("test", &["--quiet", "--doc", "--no-fail-fast"])?;
    wasm.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", "wasm-bindgen-test-runner");
    let tested = both(
        process::run(choose(&mut native, context.workspace.native().filter(libraries)), "doctests, native"),
        || process::run(choose(&mut wasm, context.workspace.browser().filter(libraries)), "doctests, wasm"),
    );
    with_host_feature(&context.workspace).fold(tested, |sofar, package| {
        let mut cargo = context.cargo(&["test", "--quiet", "--doc", "--no-fail-fast"]);
        choose_on_host(&mut cargo, package);
        both(sofar, || process::run(&mut cargo, &format!("doctests, {} for the host", package.name)))
    })
}

/// No feature, and each feature alone, so that none leans on another.
pub(super) fn features(context: &Context) -> Result<()> {
    let mut failed = Vec::new();
    for name in FEATURED {
        let package = context.workspace.package(name)?;
        let alone = package.features.iter().map(String::as_str);
        for feature in std::iter::once("").chain(alone) {
            let arguments = ["--quiet", "--no-default-features", "--package", name, "--features", feature];
            let mut cargo = if package.native || is_for_host(feature) {
                context.cargo(&["check"])
            } else {
                context.wasm_cargo("check", &[])?
            };
            let shown = if feature.is_empty() { "no feature" } else { feature };
            match process::run(cargo.args(arguments), &format!("{name} with {shown}")) {
                Ok(()) => {}
                Err(Failure::Interrupted) => return Err(Failure::Interrupted),
                Err(_) => failed.push(format!("{name} with {shown}")),
            }
        }
    }
    if failed.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!("these do not compile alone: {}", failed.join(", "))))
}
