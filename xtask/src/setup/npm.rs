//! wasm-opt and axe-core from npm packages: the only things here that Node.js is needed for.

use std::path::PathBuf;

use crate::failure::{Context, Failure, Result};
use crate::process;
use crate::toolbox::Toolbox;
use crate::workspace::Workspace;

use super::State;

/// The package that looks for what keeps people from using a page.
const AXE: &str = "axe-core";

/// Whether wasm-opt of the pinned release is found first.
pub(super) fn check(workspace: &Workspace, toolbox: &Toolbox) -> Result<State> {
    let wanted = release(workspace.tool_version("binaryen")?);
    let Some(path) = toolbox.find(&["wasm-opt"]) else {
        return Ok(State::Missing(format!("wasm-opt {wanted} is not installed")));
    };
    Ok(match toolbox.version_of(&path) {
        Some(version) if version == wanted => State::Ready(format!("wasm-opt {version}")),
        Some(version) => State::Missing(format!("found wasm-opt {version}, {wanted} is wanted")),
        None => State::Missing(format!("{} does not run", path.display())),
    })
}

/// Installs wasm-opt into the toolbox.
pub(super) fn install(workspace: &Workspace, toolbox: &Toolbox) -> Result<()> {
    let version = workspace.tool_version("binaryen")?;
    let instead = format!("put wasm-opt {} in PATH", release(version));
    package("binaryen", version, toolbox, &format!(", or {instead}"))
}

/// Whether the script of axe-core is in the toolbox.
pub(super) fn check_axe(workspace: &Workspace, toolbox: &Toolbox) -> Result<State> {
    let version = workspace.tool_version(AXE)?;
    Ok(if axe(workspace, toolbox)?.is_file() {
        State::Ready(format!("axe-core {version}"))
    } else {
        State::Missing(format!("axe-core {version} is not installed"))
    })
}

/// Installs axe-core into the toolbox.
pub(super) fn install_axe(workspace: &Workspace, toolbox: &Toolbox) -> Result<()> {
    package(AXE, workspace.tool_version(AXE)?, toolbox, "")
}

/// Where the script of axe-core is once it is installed.
pub(crate) fn axe(workspace: &Workspace, toolbox: &Toolbox) -> Result<PathBuf> {
    let root = toolbox.npm_root(AXE, workspace.tool_version(AXE)?);
    Ok(root.join("node_modules").join(AXE).join("axe.min.js"))
}

/// Installs a package into a folder of its own; `otherwise` ends the sentence on what to do without npm.
fn package(name: &str, version: &str, toolbox: &Toolbox, otherwise: &str) -> Result<()> {
    let Some(npm) = toolbox.find(&["npm"]) else {
        return Err(Failure::with_remedy(
            format!("npm was not found, and {name} is installed with it"),
            format!("install Node.js 18 or newer with npm (on Debian: apt-get install npm){otherwise}"),
        ));
    };
    let root = toolbox.npm_root(name, version);
    std::fs::create_dir_all(&root).context(|| format!("make the folder {}", root.display()))?;
    let mut command = toolbox.command(npm);
    command.args(["install", "--no-audit", "--no-fund", "--no-save", "--ignore-scripts", "--loglevel=error"]);
    command.arg("--prefix").arg(&root).arg(format!("{name}@{version}")).current_dir(&root);
    // npm reports what it added on standard output; only its errors are of interest here.
    command.stdout(std::process::Stdio::null());
    process::run(&mut command, "npm install").map_err(|failure| match failure {
        Failure::Interrupted => failure,
        _ => Failure::with_remedy(
            format!("{name} {version} could not be installed ({failure})"),
            "read npm's message above; without a network, connect and run the command again",
        ),
    })
}

/// wasm-opt calls itself by the first number of its package's version.
pub(crate) fn release(version: &str) -> &str {
    version.split('.').next().unwrap_or(version)
}
