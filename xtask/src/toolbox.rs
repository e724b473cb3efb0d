//! The folder of tools that belongs to this workspace's commands, and the environment children run in.
//!
//! Tools of a pinned version are kept apart from those a person installed for other projects, so that
//! neither disturbs the other. A tool in PATH is used when its version is the pinned one.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Failure, Result};
use crate::process;
use crate::workspace::Workspace;

/// Where our own tools lie.
#[derive(Debug, Clone)]
pub(crate) struct Toolbox {
    /// `$REJOIN_TOOLS`, else `rejoin/tools` in the user's cache folder.
    pub(crate) folder: PathBuf,
    /// The folders that are put before PATH, one for each tool and version.
    bins: Vec<PathBuf>,
}

impl Toolbox {
    /// The toolbox of this user, with the versions this workspace pins.
    pub(crate) fn of(workspace: &Workspace) -> Result<Self> {
        let folder = match env::var_os("REJOIN_TOOLS") {
            Some(folder) => PathBuf::from(folder),
            None => cache_folder()?.join("rejoin").join("tools"),
        };
        let mut bins = Vec::new();
        for name in ["trunk", "geckodriver"] {
            bins.push(cargo_root(&folder, name, workspace.tool_version(name)?).join("bin"));
        }
        // Where no crate uses wasm-bindgen, its command has no version, and `setup` says so when it is needed.
        if let Ok(version) = workspace.locked_version("wasm-bindgen") {
            bins.push(cargo_root(&folder, "wasm-bindgen-cli", &version).join("bin"));
        }
        let binaryen = workspace.tool_version("binaryen")?;
        bins.push(npm_root(&folder, "binaryen", binaryen).join("node_modules").join(".bin"));
        Ok(Self { folder, bins })
    }

    /// Where `cargo install --root` puts this version of a tool.
    pub(crate) fn cargo_root(&self, name: &str, version: &str) -> PathBuf {
        cargo_root(&self.folder, name, version)
    }

    /// Where `npm install --prefix` puts this version of a package.
    pub(crate) fn npm_root(&self, name: &str, version: &str) -> PathBuf {
        npm_root(&self.folder, name, version)
    }

    /// PATH with our tools first.
    pub(crate) fn path(&self) -> OsString {
        let old = env::var_os("PATH").unwrap_or_default();
        let all = self.bins.iter().cloned().chain(env::split_paths(&old));
        env::join_paths(all).unwrap_or(old)
    }

    /// A command that finds our tools first and sees nothing of the cargo that runs this program.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env("PATH", self.path());
        for (name, _) in env::vars_os() {
            let name = name.to_string_lossy();
            if name == "CARGO" || name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
                command.env_remove(&*name);
            }
        }
        match library_path() {
            Some(path) if path.is_empty() => command.env_remove("LD_LIBRARY_PATH"),
            Some(path) => command.env("LD_LIBRARY_PATH", path),
            None => &mut command,
        };
        command
    }

    /// The first program of these names in PATH, our own tools first.
    pub(crate) fn find(&self, names: &[&str]) -> Option<PathBuf> {
        let folders: Vec<PathBuf> = env::split_paths(&self.path()).collect();
        names.iter().find_map(|name| {
            let file = format!("{name}{}", env::consts::EXE_SUFFIX);
            folders.iter().map(|folder| folder.join(&file)).find(|path| is_program(path))
        })
    }

    /// The first word that looks like a version in what `program --version` prints.
    pub(crate) fn version_of(&self, program: impl AsRef<OsStr>) -> Option<String> {
        let program = program.as_ref();
        let mut command = self.command(program);
        command.arg("--version");
        let text = process::capture(&mut command, &program.to_string_lossy()).ok()?;
        version_in(&text)
    }
}

/// The first word of a text that starts with a digit, which is where every tool prints its version.
pub(crate) fn version_in(text: &str) -> Option<String> {
    // Node.js writes v22.0.0.
    let mut words = text.split_whitespace().map(|word| word.strip_prefix('v').unwrap_or(word));
    words.find(|word| word.starts_with(|c: char| c.is_ascii_digit())).map(str::to_owned)
}

fn cargo_root(folder: &Path, name: &str, version: &str) -> PathBuf {
    folder.join(format!("{name}-{version}"))
}

fn npm_root(folder: &Path, name: &str, version: &str) -> PathBuf {
    folder.join(format!("{name}-{version}"))
}

fn is_program(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        path.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
    }
    #[cfg(not(unix))]
    path.is_file()
}

fn cache_folder() -> Result<PathBuf> {
    let folder = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    folder("XDG_CACHE_HOME")
        .or_else(|| folder("LOCALAPPDATA"))
        .or_else(|| folder("HOME").map(|home| home.join(".cache")))
        .ok_or_else(|| {
            Failure::with_remedy(
                "no folder for the tools: neither XDG_CACHE_HOME nor HOME is set",
                "set REJOIN_TOOLS to a folder where tools may be installed",
            )
        })
}

/// LD_LIBRARY_PATH less what `cargo run` added to it: another toolchain's libraries are not for children.
fn library_path() -> Option<OsString> {
    let old = env::var_os("LD_LIBRARY_PATH")?;
    let own = env::current_exe().ok()?;
    let target = own.parent().map(Path::to_owned).unwrap_or_default();
    let kept: Vec<PathBuf> = env::split_paths(&old)
        .filter(|path| !path.starts_with(&target) && !path.to_string_lossy().contains("rustlib"))
        .filter(|path| !path.components().any(|part| part.as_os_str() == "toolchains"))
        .filter(|path| !path.as_os_str().is_empty())
        .collect();
    env::join_paths(kept).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_found_in_what_each_tool_prints() {
        assert_eq!(version_in("trunk 0.21.14\n").as_deref(), Some("0.21.14"));
        assert_eq!(version_in("wasm-opt version 132 (version_132)").as_deref(), Some("132"));
        assert_eq!(
            version_in("Chromium 156.0.8078.79 built on Debian GNU/Linux 12").as_deref(),
            Some("156.0.8078.79")
        );
        assert_eq!(version_in("v22.23.3\n").as_deref(), Some("22.23.3"));
        assert_eq!(version_in("no version at all"), None);
    }
}
