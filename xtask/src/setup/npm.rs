//! wasm-opt, from the npm package binaryen: the one thing here that Node.js is needed for.

use crate::failure::{Context, Failure, Result};
use crate::process;
use crate::toolbox::Toolbox;
use crate::workspace::Workspace;

use super::State;

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

/// Installs the package into the toolbox.
pub(super) fn install(workspace: &Workspace, toolbox: &Toolbox) -> Result<()> {
    let version = workspace.tool_version("binaryen")?;
    let Some(npm) = toolbox.find(&["npm"]) else {
        return Err(Failure::with_remedy(
            "npm was not found, and wasm-opt is installed with it",
            format!(
                "install Node.js 18 or newer with npm (on Debian: apt-get install npm), or put wasm-opt {} in PATH",
                release(version)
            ),
        ));
    };
    let root = toolbox.npm_root("binaryen", version);
    std::fs::create_dir_all(&root).context(|| format!("make the folder {}", root.display()))?;
    let mut command = toolbox.command(npm);
    command.args(["install", "--no-audit", "--no-fund", "--no-save", "--ignore-scripts", "--loglevel=error"]);
    command.arg("--prefix").arg(&root).arg(format!("binaryen@{version}")).current_dir(&root);
    process::run(&mut command, "npm install").map_err(|failure| match failure {
        Failure::Interrupted => failure,
        _ => Failure::with_remedy(
            format!("binaryen {version} could not be installed ({failure})"),
            "read npm's message above; without a network, connect and run the command again",
        ),
    })
}

/// wasm-opt calls itself by the first number of its package's version.
pub(crate) fn release(version: &str) -> &str {
    version.split('.').next().unwrap_or(version)
}
