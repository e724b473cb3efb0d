//! The sources of the standard library, for builds that need it with other features of the target.

use crate::failure::{Failure, Result};
use crate::process;
use crate::toolbox::Toolbox;
use crate::toolchain;

use super::State;
use super::wasm_target::rustup_may_download;

/// Where rustup and most people have them from.
const COMPONENT: &str = "rust-src";

/// Whether a toolchain has them.
pub(super) fn check(toolbox: &Toolbox) -> State {
    match toolchain::with_sources(toolbox) {
        Some(found) => {
            let name = found.name.map(|name| format!(" in toolchain {name}")).unwrap_or_default();
            State::Ready(format!("sources of the standard library{name}, {}", found.version))
        }
        None => State::Missing("no toolchain has the sources of its standard library".to_owned()),
    }
}

/// How they will be installed; asked after the wasm target, whose installation may have brought them.
pub(super) fn plan(toolbox: &Toolbox) -> String {
    if toolchain::with_sources(toolbox).is_some() {
        "they came with the wasm target".to_owned()
    } else if rustup_may_download(toolbox) {
        format!("rustup component add {COMPONENT}, about 10 seconds")
    } else {
        "they can't be installed from here".to_owned()
    }
}

/// Installs them, unless they have come with the wasm target, as they do from Debian's packages.
pub(super) fn install(toolbox: &Toolbox) -> Result<()> {
    if toolchain::with_sources(toolbox).is_some() {
        return Ok(());
    }
    if !rustup_may_download(toolbox) {
        return Err(Failure::with_remedy(
            "rustup may not download here (RUSTUP_AUTO_INSTALL=0) or is missing, and no toolchain has the sources of its standard library",
            format!(
                "run `rustup component add {COMPONENT}`, or `rustup toolchain install nightly --component {COMPONENT}`"
            ),
        ));
    }
    let mut rustup = toolbox.command("rustup");
    rustup.args(["component", "add", COMPONENT]);
    process::run(&mut rustup, "rustup component add").map_err(|failure| match failure {
        Failure::Interrupted => failure,
        _ => Failure::with_remedy(
            failure.to_string(),
            "read rustup's message above; without a network, connect and run the command again",
        ),
    })
}
