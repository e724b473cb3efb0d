//! What comes from npm: wasm-opt, axe-core, what the npm package is built and tested with, and the peers that are measured
//! beside ours.

use std::path::{Path, PathBuf};

use crate::failure::{Context, Failure, Result};
use crate::process;
use crate::toolbox::Toolbox;
use crate::workspace::Workspace;

use super::State;

/// The package that looks for what keeps people from using a page.
const AXE: &str = "axe-core";
/// The peers that are measured beside ours. The two packages of Socket.IO have the same versions.
const RECONNECTING: &str = "reconnecting-websocket";
const SOCKET_IO: &str = "socket.io";
const SOCKET_IO_CLIENT: &str = "socket.io-client";

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

/// The peers: the packages, and the scripts of them that a page loads.
#[derive(Debug)]
pub(crate) struct Peers {
    /// The folder that has their `node_modules`.
    pub(crate) root: PathBuf,
    pub(crate) scripts: [PathBuf; 2],
}

/// Where the peers are once they are installed.
pub(crate) fn peers(workspace: &Workspace, toolbox: &Toolbox) -> Result<Peers> {
    // One folder for all: a change of either version makes another.
    let name = format!("{RECONNECTING}-{}-{SOCKET_IO}", workspace.tool_version(RECONNECTING)?);
    let root = toolbox.npm_root(&name, workspace.tool_version(SOCKET_IO)?);
    let modules = root.join("node_modules");
    let scripts = [
        modules.join(RECONNECTING).join("dist").join("reconnecting-websocket-mjs.js"),
        modules.join(SOCKET_IO_CLIENT).join("dist").join("socket.io.esm.min.js"),
    ];
    Ok(Peers { root, scripts })
}

/// Whether the peers are in the toolbox.
pub(super) fn check_peers(workspace: &Workspace, toolbox: &Toolbox) -> Result<State> {
    let found = peers(workspace, toolbox)?.scripts.iter().all(|script| script.is_file());
    Ok(if found {
        State::Ready("reconnecting-websocket and Socket.IO".to_owned())
    } else {
        State::Missing("reconnecting-websocket and Socket.IO are not installed".to_owned())
    })
}

/// Installs the peers into the toolbox.
pub(super) fn install_peers(workspace: &Workspace, toolbox: &Toolbox) -> Result<()> {
    let (reconnecting, socket_io) =
        (workspace.tool_version(RECONNECTING)?, workspace.tool_version(SOCKET_IO)?);
    let all = [(RECONNECTING, reconnecting), (SOCKET_IO, socket_io), (SOCKET_IO_CLIENT, socket_io)];
    let wanted: Vec<String> = all.iter().map(|(name, version)| format!("{name}@{version}")).collect();
    install_into(&peers(workspace, toolbox)?.root, &wanted, toolbox, "")
}

/// Whether all that the npm package is built and tested with is in the toolbox.
pub(super) fn check_packages(workspace: &Workspace, toolbox: &Toolbox) -> Result<State> {
    let folder = packages(toolbox).join("node_modules");
    for (name, version) in &workspace.npm {
        let manifest = folder.join(name).join("package.json");
        let text = std::fs::read_to_string(manifest).unwrap_or_default();
        let found: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
        if found["version"].as_str() != Some(version) {
            return Ok(State::Missing(format!("{name} {version} is not installed")));
        }
    }
    let names: Vec<&str> = workspace.npm.keys().map(String::as_str).collect();
    Ok(State::Ready(names.join(", ")))
}

/// Installs them into one folder, because they look for one another.
pub(super) fn install_packages(workspace: &Workspace, toolbox: &Toolbox) -> Result<()> {
    let wanted: Vec<String> =
        workspace.npm.iter().map(|(name, version)| format!("{name}@{version}")).collect();
    install_into(&packages(toolbox), &wanted, toolbox, "")
}

/// The folder whose `node_modules` has them.
pub(crate) fn packages(toolbox: &Toolbox) -> PathBuf {
    toolbox.folder.join("npm-packages")
}

/// Installs a package into a folder of its own; `otherwise` ends the sentence on what to do without npm.
pub(super) fn package(name: &str, version: &str, toolbox: &Toolbox, otherwise: &str) -> Result<()> {
    install_into(&toolbox.npm_root(name, version), &[format!("{name}@{version}")], toolbox, otherwise)
}

fn install_into(root: &Path, wanted: &[String], toolbox: &Toolbox, otherwise: &str) -> Result<()> {
    let what = wanted.join(", ");
    let Some(npm) = toolbox.find(&["npm"]) else {
        return Err(Failure::with_remedy(
            format!("npm was not found, and {what} is installed with it"),
            format!("install Node.js 20 or newer with npm (on Debian: apt-get install npm){otherwise}"),
        ));
    };
    std::fs::create_dir_all(root).context(|| format!("make the folder {}", root.display()))?;
    let mut command = toolbox.command(npm);
    command.args(["install", "--no-audit", "--no-fund", "--no-save", "--ignore-scripts", "--loglevel=error"]);
    command.arg("--prefix").arg(root).args(wanted).current_dir(root);
    // npm reports what it added on standard output; only its errors are of interest here.
    command.stdout(std::process::Stdio::null());
    process::run(&mut command, "npm install").map_err(|failure| match failure {
        Failure::Interrupted => failure,
        _ => Failure::with_remedy(
            format!("{what} could not be installed ({failure})"),
            "read npm's message above; without a network, connect and run the command again",
        ),
    })
}

/// wasm-opt calls itself by the first number of its package's version.
pub(crate) fn release(version: &str) -> &str {
    version.split('.').next().unwrap_or(version)
}
