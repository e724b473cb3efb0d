//! The demo's app, built by trunk and compressed for the server.

use std::path::PathBuf;
use std::process::Command;

use crate::compress::{self, Effort};
use crate::context::Context;
use crate::failure::{Failure, Result};
use crate::process;
use crate::setup::Need;

/// The cargo profile of everything that a browser downloads.
pub(crate) const PROFILE: &str = "wasm-release";
/// What building the app needs.
pub(crate) const NEEDS: [Need; 4] = [Need::WasmTarget, Need::Trunk, Need::WasmBindgen, Need::WasmOpt];

/// Builds the app as it is meant to be served, once in the life of this program, and hands back its folder.
pub(crate) fn built(context: &Context) -> Result<PathBuf> {
    context.app.get_or_init(|| build(context)).clone()
}

fn build(context: &Context) -> Result<PathBuf> {
    // Trunk works without the network, so that a second build needs none: the crates are fetched here.
    process::run(&mut context.cargo(&["fetch", "--quiet", "--locked"]), "cargo fetch").map_err(
        |failure| match failure {
            Failure::Interrupted => failure,
            _ => Failure::with_remedy(
                failure.to_string(),
                "read cargo's message above: without a network, connect and run the command again; if Cargo.lock is out of date, run `cargo check` and commit it",
            ),
        },
    )?;
    let mut trunk = trunk(context, "build")?;
    trunk.args(["--release", "--cargo-profile", PROFILE, "--locked", "true"]);
    process::run(&mut trunk, "trunk build")?;
    let dist = context.workspace.root.join("dist");
    compress::folder(&dist, Effort::Quick)?;
    Ok(dist)
}

/// Trunk with the toolchain for the browser, kept from the network.
pub(crate) fn trunk(context: &Context, subcommand: &str) -> Result<Command> {
    let mut trunk = context.toolbox.command("trunk");
    trunk.args([subcommand, "--offline", "true", "--skip-version-check"]);
    // A backtrace through trunk hides the message of the tool that failed.
    trunk.env("RUST_BACKTRACE", "0");
    // Trunk takes NO_COLOR for a flag and fails on the customary value 1.
    if std::env::var_os("NO_COLOR").is_some() {
        trunk.env("NO_COLOR", "true");
    }
    context.wasm()?.apply(&mut trunk).current_dir(&context.workspace.root);
    Ok(trunk)
}
