//! A newer Node.js beside the one that runs the tests: the npm package promises to work in both.

use std::env::consts::{ARCH, OS};
use std::path::PathBuf;

use crate::failure::{Failure, Result};
use crate::toolbox::Toolbox;
use crate::workspace::Workspace;

use super::{State, npm};

/// Its version in Cargo.toml.
const TOOL: &str = "node";

/// Whether it runs.
pub(super) fn check(workspace: &Workspace, toolbox: &Toolbox) -> Result<State> {
    let wanted = workspace.tool_version(TOOL)?;
    Ok(match toolbox.version_of(&program(workspace, toolbox)?) {
        Some(version) => State::Ready(format!("Node.js {version}")),
        None => State::Missing(format!("Node.js {wanted} is not installed")),
    })
}

/// Installs it into the toolbox.
pub(super) fn install(workspace: &Workspace, toolbox: &Toolbox) -> Result<()> {
    npm::package(&package()?, workspace.tool_version(TOOL)?, toolbox, "")
}

/// Where its program is once it is installed.
pub(crate) fn program(workspace: &Workspace, toolbox: &Toolbox) -> Result<PathBuf> {
    let package = package()?;
    let root = toolbox.npm_root(&package, workspace.tool_version(TOOL)?);
    Ok(root.join("node_modules").join(package).join("bin").join("node"))
}

/// The npm package that is nothing but its program for this machine.
fn package() -> Result<String> {
    let system = match OS {
        "linux" => "linux",
        "macos" => "darwin",
        other => return Err(Failure::new(format!("no npm package has Node.js for {other}"))),
    };
    let processor = match ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => return Err(Failure::new(format!("no npm package has Node.js for {other} processors"))),
    };
    Ok(format!("node-{system}-{processor}"))
}
