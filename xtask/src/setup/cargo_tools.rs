//! Tools that `cargo install` compiles, each version in a folder of its own in the toolbox.

use std::time::Instant;

use crate::failure::{Context, Failure, Result};
use crate::process;
use crate::toolbox::Toolbox;
use crate::workspace::Workspace;

use super::State;

/// A tool of a pinned version.
#[derive(Debug)]
pub(super) struct CargoTool {
    package: &'static str,
    programs: &'static [&'static str],
    version: String,
    /// Whether the tool's own lock file is used. Newer crates break trunk, older ones are missing for wasm-bindgen.
    locked: bool,
    arguments: &'static [&'static str],
}

/// The bundler, without its own updater and without OpenSSL.
pub(super) fn trunk(workspace: &Workspace) -> Result<CargoTool> {
    Ok(CargoTool {
        package: "trunk",
        programs: &["trunk"],
        version: workspace.tool_version("trunk")?.to_owned(),
        locked: true,
        arguments: &["--no-default-features", "--features", "rustls"],
    })
}

/// wasm-bindgen's command, which must have the version of the crate to the letter.
pub(super) fn wasm_bindgen(workspace: &Workspace) -> Result<CargoTool> {
    Ok(CargoTool {
        package: "wasm-bindgen-cli",
        programs: &["wasm-bindgen", "wasm-bindgen-test-runner"],
        version: workspace.locked_version("wasm-bindgen")?,
        locked: false,
        arguments: &[],
    })
}

/// Firefox's driver.
pub(super) fn geckodriver(workspace: &Workspace) -> Result<CargoTool> {
    Ok(CargoTool {
        package: "geckodriver",
        programs: &["geckodriver"],
        version: workspace.tool_version("geckodriver")?.to_owned(),
        locked: true,
        arguments: &[],
    })
}

impl CargoTool {
    /// Whether each of its programs is found first in its pinned version.
    pub(super) fn check(&self, toolbox: &Toolbox) -> Result<State> {
        for program in self.programs {
            let Some(path) = toolbox.find(&[program]) else {
                return Ok(State::Missing(format!("{program} {} is not installed", self.version)));
            };
            match toolbox.version_of(&path) {
                Some(version) if version == self.version => {}
                Some(version) => {
                    let why = format!("found {program} {version}, {} is wanted", self.version);
                    return Ok(State::Missing(why));
                }
                None => return Ok(State::Missing(format!("{} does not run", path.display()))),
            }
        }
        Ok(State::Ready(format!("{} {}", self.package, self.version)))
    }

    /// Compiles it into the toolbox. A debug build does its work and takes a fifth of the time.
    pub(super) fn install(&self, toolbox: &Toolbox) -> Result<()> {
        let root = toolbox.cargo_root(self.package, &self.version);
        std::fs::create_dir_all(&root).context(|| format!("make the folder {}", root.display()))?;
        let mut cargo = toolbox.command("cargo");
        cargo.args(["install", "--quiet", "--force", "--debug", self.package, "--version"]);
        cargo.arg(format!("={}", self.version)).arg("--root").arg(&root).args(self.arguments);
        if self.locked {
            cargo.arg("--locked");
        }
        // Kept until setup is done, so that an interrupted installation goes on where it was and tools share crates.
        cargo.arg("--target-dir").arg(build_folder(toolbox)).current_dir(&root);
        cargo.env("CARGO_PROFILE_DEV_DEBUG", "0").env("CARGO_TERM_COLOR", "never");
        let started = Instant::now();
        process::run(&mut cargo, "cargo install").map_err(|failure| match failure {
            Failure::Interrupted => failure,
            _ => Failure::with_remedy(
                format!(
                    "{} {} could not be installed ({failure}, after {} s)",
                    self.package,
                    self.version,
                    started.elapsed().as_secs()
                ),
                "read cargo's message above: without a network, connect and run the command again; without a C compiler, install one (on Debian: gcc); without space, free 2 GB",
            ),
        })
    }
}

/// Removes what compiling the tools left behind.
pub(super) fn clean(toolbox: &Toolbox) -> Result<()> {
    let folder = build_folder(toolbox);
    if folder.exists() {
        std::fs::remove_dir_all(&folder).context(|| format!("remove {}", folder.display()))?;
    }
    Ok(())
}

fn build_folder(toolbox: &Toolbox) -> std::path::PathBuf {
    toolbox.folder.join("build")
}
