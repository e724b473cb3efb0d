//! The target wasm32-unknown-unknown: by rustup where it may download, from Debian's packages where not.

use std::env;

use crate::failure::{Failure, Result};
use crate::process;
use crate::say;
use crate::toolbox::Toolbox;
use crate::toolchain::{self, TARGET};
use crate::workspace::Workspace;

use super::{State, apt, debian_std};

/// Whether a toolchain has the target, and is still the one its standard library was built for.
pub(super) fn check(toolbox: &Toolbox) -> Result<State> {
    let Some(found) = toolchain::find(toolbox) else {
        return Ok(State::Missing(format!("no toolchain has {TARGET}")));
    };
    match &found.name {
        None => Ok(State::Ready(format!("{TARGET} in {}", found.version))),
        Some(name) => Ok(match debian_std::check(toolbox, &found)? {
            None => State::Ready(format!("{TARGET} in toolchain {name}, {}", found.version)),
            Some(why) => State::Missing(why),
        }),
    }
}

/// How the target will be installed.
pub(super) fn plan(toolbox: &Toolbox) -> String {
    if rustup_may_download(toolbox) {
        format!("rustup target add {TARGET}, about 10 seconds")
    } else {
        "installing Debian's compiler and building its standard library for the browser, about 1 minute"
            .to_owned()
    }
}

/// Installs the target.
pub(super) fn install(workspace: &Workspace, toolbox: &Toolbox) -> Result<()> {
    if rustup_may_download(toolbox) {
        let mut rustup = toolbox.command("rustup");
        rustup.args(["target", "add", TARGET]);
        match process::run(&mut rustup, "rustup target add") {
            Err(failure @ Failure::Step { .. }) if apt::usable() => {
                say::progress(format_args!(
                    "setup: {failure}; going on with Debian's packages, about 1 minute"
                ));
            }
            Err(failure @ Failure::Step { .. }) => {
                return Err(Failure::with_remedy(
                    failure.to_string(),
                    "read rustup's message above; without a network, connect and run the command again",
                ));
            }
            other => return other,
        }
    }
    debian_std::install(workspace, toolbox)
}

/// Whether rustup is there and was not told to keep from the network.
pub(super) fn rustup_may_download(toolbox: &Toolbox) -> bool {
    env::var("RUSTUP_AUTO_INSTALL").as_deref() != Ok("0") && toolbox.find(&["rustup"]).is_some()
}
