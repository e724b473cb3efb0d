//! What every command works with: the workspace, the toolbox, and the toolchain for the browser.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use crate::failure::{Failure, Result};
use crate::setup::Need;
use crate::toolbox::Toolbox;
use crate::toolchain::{self, WasmToolchain};
use crate::workspace::Workspace;
use crate::{process, setup};

/// The surroundings of a command.
#[derive(Debug)]
pub(crate) struct Context {
    /// The workspace.
    pub(crate) workspace: Workspace,
    /// The tools of our own.
    pub(crate) toolbox: Toolbox,
    /// What came of building the app, which is built once however many parts use it.
    pub(crate) app: OnceLock<Result<PathBuf>>,
    /// The same of the npm package.
    pub(crate) npm: OnceLock<Result<PathBuf>>,
    wasm: OnceLock<WasmToolchain>,
}

impl Context {
    /// Reads the workspace; installs nothing.
    pub(crate) fn new() -> Result<Self> {
        let workspace = Workspace::load()?;
        let toolbox = Toolbox::of(&workspace)?;
        Ok(Self { workspace, toolbox, app: OnceLock::new(), npm: OnceLock::new(), wasm: OnceLock::new() })
    }

    /// Installs what is missing of these needs.
    pub(crate) fn provide(&self, needs: &[Need]) -> Result<()> {
        let needs = needs.iter().copied().collect();
        setup::provide(&needs, &self.workspace, &self.toolbox, false)?.into_result()
    }

    /// The toolchain for the browser.
    pub(crate) fn wasm(&self) -> Result<&WasmToolchain> {
        if self.wasm.get().is_none() {
            let found = toolchain::require(&self.toolbox)?;
            let _ = self.wasm.set(found);
        }
        self.wasm.get().ok_or(Failure::Interrupted)
    }

    /// Cargo for the host, in the root of the workspace.
    pub(crate) fn cargo(&self, arguments: &[&str]) -> Command {
        let mut cargo = self.toolbox.command("cargo");
        cargo.args(arguments).current_dir(&self.workspace.root);
        cargo
    }

    /// Cargo for the browser: the subcommand, then the target, then the other arguments.
    pub(crate) fn wasm_cargo(&self, subcommand: &str, arguments: &[&str]) -> Result<Command> {
        let mut cargo = self.cargo(&[subcommand, "--target", toolchain::TARGET]);
        self.wasm()?.apply(&mut cargo).args(arguments);
        Ok(cargo)
    }

    /// Builds a binary for the host and hands back its path.
    pub(crate) fn build_binary(&self, package: &str, binary: &str, release: bool) -> Result<PathBuf> {
        let mut cargo = self.cargo(&["build", "--quiet", "--package", package, "--bin", binary]);
        if release {
            cargo.arg("--release");
        }
        process::run(&mut cargo, &format!("building {binary}"))?;
        let profile = if release { "release" } else { "debug" };
        let file = format!("{binary}{}", std::env::consts::EXE_SUFFIX);
        Ok(self.workspace.target.join(profile).join(file))
    }
}
