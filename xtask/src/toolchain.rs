//! Which Rust toolchain compiles for wasm32-unknown-unknown: the one place that decides it.
//!
//! It is the toolchain everything else is built with, where that has the target's standard library, else the
//! linked toolchain that `setup` makes where rustup may not download (see `setup::debian_std`).

use std::env;
use std::path::PathBuf;
use std::process::Command;

use crate::failure::{Failure, Result};
use crate::process;
use crate::toolbox::Toolbox;

/// The target of everything that runs in a browser.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";
/// The crates of the standard library that are built where none is there ready-made; `cargo test` for the target
/// needs `test`.
pub(crate) const STD_CRATES: &str = "std,panic_abort,panic_unwind,test";
/// Where a toolchain has the sources of its standard library, below its sysroot.
const STD_SOURCES: &str = "lib/rustlib/src/rust/library/std/Cargo.toml";

/// A toolchain that can compile for the browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WasmToolchain {
    /// Its name for rustup; none for the toolchain in use.
    pub(crate) name: Option<String>,
    /// What its `rustc --version` says.
    pub(crate) version: String,
}

impl WasmToolchain {
    /// Makes cargo, or a tool that calls cargo, use this toolchain.
    pub(crate) fn apply<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        if let Some(name) = &self.name {
            command.env("RUSTUP_TOOLCHAIN", name);
        }
        command
    }

    /// Makes cargo use this toolchain and build the standard library with what it compiles, which is unstable.
    pub(crate) fn apply_with_std<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        if !self.version.contains("nightly") {
            command.env("RUSTC_BOOTSTRAP", "1");
        }
        self.apply(command).arg(format!("-Zbuild-std={STD_CRATES}"))
    }
}

/// The name of the linked toolchain: `$REJOIN_WASM_TOOLCHAIN`, else `wasm`.
pub(crate) fn linked_name() -> String {
    env::var("REJOIN_WASM_TOOLCHAIN").unwrap_or_else(|_| "wasm".to_owned())
}

/// The toolchain that has the target, if there is one.
pub(crate) fn find(toolbox: &Toolbox) -> Option<WasmToolchain> {
    first(toolbox, [None, Some(linked_name())], has_target)
}

/// The toolchain that can build the standard library anew, with other features of the target, if there is one.
pub(crate) fn with_sources(toolbox: &Toolbox) -> Option<WasmToolchain> {
    first(toolbox, [None, Some(linked_name()), Some("nightly".to_owned())], has_sources)
}

/// The toolchain that has the target; a failure that names the remedy if none has.
pub(crate) fn require(toolbox: &Toolbox) -> Result<WasmToolchain> {
    find(toolbox).ok_or_else(|| {
        Failure::with_remedy(
            format!("no Rust toolchain here can compile for {TARGET}"),
            "run `cargo xtask setup`",
        )
    })
}

/// The first of these toolchains that is installed and fits.
fn first(
    toolbox: &Toolbox,
    names: impl IntoIterator<Item = Option<String>>,
    fits: impl Fn(&Toolbox, &WasmToolchain) -> bool,
) -> Option<WasmToolchain> {
    names.into_iter().find_map(|name| {
        let candidate = WasmToolchain { name, version: String::new() };
        fits(toolbox, &candidate).then_some(())?;
        let version = rustc(toolbox, &candidate, &["--version"])?;
        Some(WasmToolchain { version, ..candidate })
    })
}

/// Whether the target's standard library lies in the toolchain's sysroot.
fn has_target(toolbox: &Toolbox, toolchain: &WasmToolchain) -> bool {
    rustc(toolbox, toolchain, &["--print", "target-libdir", "--target", TARGET])
        .map(PathBuf::from)
        .and_then(|folder| std::fs::read_dir(folder).ok())
        .is_some_and(|mut entries| {
            entries.any(|entry| {
                entry.is_ok_and(|entry| entry.file_name().to_string_lossy().starts_with("libstd-"))
            })
        })
}

/// Whether the sources of the standard library lie in the toolchain's sysroot.
fn has_sources(toolbox: &Toolbox, toolchain: &WasmToolchain) -> bool {
    rustc(toolbox, toolchain, &["--print", "sysroot"])
        .is_some_and(|sysroot| PathBuf::from(sysroot).join(STD_SOURCES).is_file())
}

fn rustc(toolbox: &Toolbox, toolchain: &WasmToolchain, arguments: &[&str]) -> Option<String> {
    let mut command = toolbox.command("rustc");
    toolchain.apply(&mut command).args(arguments);
    process::capture(&mut command, "rustc").ok().map(|text| text.trim().to_owned())
}
