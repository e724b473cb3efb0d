//! The target's standard library, built once from the sources that Debian packs with its compiler.
//!
//! This is for machines where rustup may not download: Debian's compiler is newer than the one rustup has
//! there, so the result is linked as a toolchain of its own.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Context, Failure, Result};
use crate::process;
use crate::toolbox::Toolbox;
use crate::toolchain::{self, STD_CRATES, TARGET, WasmToolchain};
use crate::workspace::Workspace;

use super::apt;

/// The compiler with its sources, the linter, and the linker. Their version moves, so none is pinned.
const PACKAGES: [&str; 5] = ["rustc-web", "cargo-web", "rust-web-src", "rust-web-clippy", "lld-19"];
/// Where Debian's compiler has its libraries.
const DEBIAN_SYSROOT: &str = "/usr";
/// Debian's linker for wasm files.
const LINKER: &str = "/usr/lib/llvm-19/bin/lld";
/// The crate that std is built for; its own library is not copied.
const SCRATCH: &str = "std_scratch";
const STAMP: &str = "rejoin-std.stamp";
/// Uses the allocator, the linker and the embedded bitcode, so that it finds each of them missing.
const PROBE: &str = "#[unsafe(no_mangle)] pub extern \"C\" fn probe(n: usize) -> usize { vec![n; n].len() }";

/// Why the linked toolchain is not usable as it is; none when it is.
pub(super) fn check(toolbox: &Toolbox, toolchain: &WasmToolchain) -> Result<Option<String>> {
    let sysroot = sysroot_of(toolbox, toolchain)?;
    if sysroot != Path::new(DEBIAN_SYSROOT) {
        // A toolchain of the user's own: it has the target, and its standard library is its own affair.
        return Ok(None);
    }
    let stamp = library_folder(&sysroot).join(STAMP);
    if !missing_programs().is_empty() {
        return Ok(Some(format!("Debian's {} is not installed", missing_programs().join(", "))));
    }
    match std::fs::read_to_string(&stamp) {
        Ok(text) if text.trim() == toolchain.version => Ok(None),
        Ok(text) => Ok(Some(format!(
            "its standard library was built with {}, not {}",
            text.trim(),
            toolchain.version
        ))),
        // Built by hand by the same recipe: try it, so that a good one is not replaced under a running build.
        Err(_) => match probe(toolbox, toolchain) {
            Ok(()) => {
                // Without the right to leave a stamp it is tried again next time, which is only slower.
                let _ = std::fs::write(&stamp, &toolchain.version);
                Ok(None)
            }
            Err(Failure::Interrupted) => Err(Failure::Interrupted),
            Err(failure) => Ok(Some(format!("its standard library does not work ({failure})"))),
        },
    }
}

/// Installs the packages, builds the standard library into the compiler's sysroot and links the toolchain.
pub(super) fn install(workspace: &Workspace, toolbox: &Toolbox) -> Result<()> {
    if !apt::is_debian() {
        return Err(Failure::with_remedy(
            format!(
                "rustup may not download here (RUSTUP_AUTO_INSTALL=0) or is missing, and {TARGET} is not installed"
            ),
            format!("run `rustup target add {TARGET}`, or install a Rust toolchain that has this target"),
        ));
    }
    if toolbox.find(&["rustup"]).is_none() {
        return Err(Failure::with_remedy(
            "rustup was not found, and a toolchain is linked with it",
            "install rustup, then run `cargo xtask setup` again",
        ));
    }
    apt::install(&PACKAGES)?;
    let sysroot = PathBuf::from(debian_rustc(&["--print", "sysroot"])?);
    let version = debian_rustc(&["--version"])?;
    let built = build(toolbox)?;
    place(&built, &sysroot, &version)?;
    link_linker(&sysroot)?;
    let name = toolchain::linked_name();
    let mut rustup = toolbox.command("rustup");
    rustup.args(["toolchain", "link", &name]).arg(&sysroot);
    process::run(&mut rustup, "rustup toolchain link")?;
    // Cargo tells compilers apart, not standard libraries: what was built against another one is of no use.
    for folder in [workspace.target.join(TARGET), built] {
        if folder.exists() {
            std::fs::remove_dir_all(&folder).context(|| format!("remove {}", folder.display()))?;
        }
    }
    probe(toolbox, &WasmToolchain { name: Some(name), version })
}

/// Builds std for an empty crate and hands back the folder it was built in.
fn build(toolbox: &Toolbox) -> Result<PathBuf> {
    let folder = toolbox.folder.join("std");
    let sources = folder.join("src");
    std::fs::create_dir_all(&sources).context(|| format!("make the folder {}", sources.display()))?;
    let manifest = format!("[package]\nname = \"{SCRATCH}\"\nedition = \"2024\"\n[workspace]\n");
    for (path, text) in [(folder.join("Cargo.toml"), manifest.as_str()), (sources.join("lib.rs"), "")] {
        std::fs::write(&path, text).context(|| format!("write {}", path.display()))?;
    }
    let mut cargo = toolbox.command("/usr/bin/cargo");
    cargo.env("PATH", "/usr/bin:/bin").env_remove("RUSTUP_TOOLCHAIN").env("RUSTC_BOOTSTRAP", "1");
    // Without the bitcode, link-time optimisation fails.
    cargo.env("RUSTFLAGS", "-C embed-bitcode=yes").env("CARGO_TARGET_DIR", folder.join("target"));
    cargo
        .args(["build", "--quiet", "--release", "--target", TARGET])
        .arg(format!("-Zbuild-std={STD_CRATES}"));
    process::run(cargo.current_dir(&folder), "building the standard library").map_err(
        |failure| match failure {
            Failure::Interrupted => failure,
            _ => Failure::with_remedy(
                failure.to_string(),
                "read cargo's message above; without a network, connect and run the command again",
            ),
        },
    )?;
    Ok(folder)
}

/// Puts the libraries where the compiler looks, at one stroke, so that nobody sees half of them.
fn place(built: &Path, sysroot: &Path, version: &str) -> Result<()> {
    let from = built.join("target").join(TARGET).join("release").join("deps");
    let to = library_folder(sysroot);
    let new = to.with_extension("new");
    let old = to.with_extension("old");
    for folder in [&new, &old] {
        if folder.exists() {
            std::fs::remove_dir_all(folder).context(|| format!("remove {}", folder.display()))?;
        }
    }
    std::fs::create_dir_all(&new).context(|| format!("make the folder {}", new.display()))?;
    let entries = std::fs::read_dir(&from).context(|| format!("read {}", from.display()))?;
    for entry in entries {
        let path = entry.context(|| format!("read {}", from.display()))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.ends_with(".rlib") && !name.starts_with(&format!("lib{SCRATCH}-")) {
            std::fs::copy(&path, new.join(&name)).context(|| format!("copy {}", path.display()))?;
        }
    }
    let stamp = new.join(STAMP);
    std::fs::write(&stamp, version).context(|| format!("write {}", stamp.display()))?;
    if to.exists() {
        std::fs::rename(&to, &old).context(|| format!("move {} aside", to.display()))?;
    }
    std::fs::rename(&new, &to).context(|| format!("make {}", to.display()))?;
    if old.exists() {
        std::fs::remove_dir_all(&old).context(|| format!("remove {}", old.display()))?;
    }
    Ok(())
}

/// The compiler asks for its linker by this name, in this folder.
fn link_linker(sysroot: &Path) -> Result<()> {
    let host = debian_rustc(&["--print", "host-tuple"])?;
    let folder = sysroot.join("lib/rustlib").join(host).join("bin");
    std::fs::create_dir_all(&folder).context(|| format!("make the folder {}", folder.display()))?;
    let link = folder.join("rust-lld");
    if std::fs::read_link(&link).is_ok_and(|to| to == Path::new(LINKER)) {
        return Ok(());
    }
    if link.symlink_metadata().is_ok() {
        std::fs::remove_file(&link).context(|| format!("remove {}", link.display()))?;
    }
    #[cfg(unix)]
    std::os::unix::fs::symlink(LINKER, &link).context(|| format!("link {}", link.display()))?;
    Ok(())
}

/// Compiles and links a small library as a release of the app is compiled and linked.
fn probe(toolbox: &Toolbox, toolchain: &WasmToolchain) -> Result<()> {
    let folder = toolbox.folder.join("probe");
    std::fs::create_dir_all(&folder).context(|| format!("make the folder {}", folder.display()))?;
    let source = folder.join("probe.rs");
    std::fs::write(&source, PROBE).context(|| format!("write {}", source.display()))?;
    let mut rustc = toolbox.command("rustc");
    toolchain.apply(&mut rustc).args(["--target", TARGET, "--edition", "2024", "--crate-type", "cdylib"]);
    rustc.args(["-C", "lto", "-C", "panic=abort", "-C", "opt-level=z", "-o"]);
    rustc.arg(folder.join("probe.wasm")).arg(&source);
    let outcome = process::capture(&mut rustc, "compiling a small library with it");
    std::fs::remove_dir_all(&folder).context(|| format!("remove {}", folder.display()))?;
    outcome.map(|_| ())
}

fn missing_programs() -> Vec<&'static str> {
    let programs = [("cargo-clippy", "rust-web-clippy"), ("cargo", "cargo-web")];
    let missing = programs.iter().filter(|(program, _)| !Path::new("/usr/bin").join(program).exists());
    missing.map(|(_, package)| *package).collect()
}

fn sysroot_of(toolbox: &Toolbox, toolchain: &WasmToolchain) -> Result<PathBuf> {
    let mut rustc = toolbox.command("rustc");
    toolchain.apply(&mut rustc).args(["--print", "sysroot"]);
    Ok(PathBuf::from(process::capture(&mut rustc, "rustc --print sysroot")?.trim()))
}

fn library_folder(sysroot: &Path) -> PathBuf {
    sysroot.join("lib/rustlib").join(TARGET).join("lib")
}

fn debian_rustc(arguments: &[&str]) -> Result<String> {
    let mut rustc = Command::new("/usr/bin/rustc");
    rustc.args(arguments).env_remove("RUSTUP_TOOLCHAIN");
    Ok(process::capture(&mut rustc, "/usr/bin/rustc")?.trim().to_owned())
}
