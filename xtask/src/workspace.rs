//! The workspace as cargo describes it: where it lies, its packages, and the pinned tools.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::failure::{Context, Failure, Result};
use crate::process;

/// The workspace.
#[derive(Debug, Clone)]
pub(crate) struct Workspace {
    /// The folder of the root Cargo.toml.
    pub(crate) root: PathBuf,
    /// Cargo's target folder.
    pub(crate) target: PathBuf,
    /// Its packages, by name.
    pub(crate) packages: BTreeMap<String, Package>,
    /// The tools' versions, from `[workspace.metadata.tools]`.
    tools: BTreeMap<String, String>,
    /// What the npm package is built and tested with, from `[workspace.metadata.npm]`: names and versions.
    pub(crate) npm: BTreeMap<String, String>,
}

/// One package of the workspace.
#[derive(Debug, Clone, Default)]
pub(crate) struct Package {
    /// Its name.
    pub(crate) name: String,
    /// Its version.
    pub(crate) version: String,
    /// Where its sources can be had, if that is said.
    pub(crate) repository: Option<String>,
    /// The folder of its Cargo.toml.
    pub(crate) folder: PathBuf,
    /// Whether it is one of the `default-members`, which are those that run on the host.
    pub(crate) native: bool,
    /// Its features, less `default`.
    pub(crate) features: Vec<String>,
    /// Whether it has a library.
    pub(crate) library: bool,
    /// What it depends on, with the kind: `normal`, `dev` or `build`.
    pub(crate) dependencies: Vec<(String, String)>,
}

impl Workspace {
    /// Asks cargo for the workspace that this program was built in.
    pub(crate) fn load() -> Result<Self> {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = manifest.parent().unwrap_or(manifest);
        Self::load_from(root)
    }

    /// Asks cargo for the workspace in a folder. Needs no network.
    pub(crate) fn load_from(root: &Path) -> Result<Self> {
        let mut cargo = Command::new("cargo");
        cargo.args(["metadata", "--no-deps", "--offline", "--format-version", "1"]).current_dir(root);
        let text = process::capture(&mut cargo, "cargo metadata").map_err(|failure| match failure {
            Failure::Interrupted => failure,
            _ => Failure::with_remedy(
                failure.to_string(),
                format!("run `cargo metadata --no-deps` in {} and correct what it names", root.display()),
            ),
        })?;
        let json = serde_json::from_str(&text)
            .map_err(|error| Failure::new(format!("cargo metadata is no JSON: {error}")))?;
        Ok(Self::read(&json))
    }

    fn read(json: &Value) -> Self {
        let native: Vec<&str> = strings(&json["workspace_default_members"]).collect();
        let packages = list(&json["packages"]).map(|package| {
            let read = Package::read(package, native.contains(&text(&package["id"])));
            (read.name.clone(), read)
        });
        let versions = |table: &Value| -> BTreeMap<String, String> {
            let all = table.as_object().into_iter().flatten();
            all.map(|(name, version)| (name.clone(), text(version).to_owned())).collect()
        };
        Self {
            root: PathBuf::from(text(&json["workspace_root"])),
            target: PathBuf::from(text(&json["target_directory"])),
            packages: packages.collect(),
            tools: versions(&json["metadata"]["tools"]),
            npm: versions(&json["metadata"]["npm"]),
        }
    }

    /// A package that must be there.
    pub(crate) fn package(&self, name: &str) -> Result<&Package> {
        self.packages.get(name).ok_or_else(|| Failure::new(format!("the workspace has no package `{name}`")))
    }

    /// The pinned version of a tool.
    pub(crate) fn tool_version(&self, name: &str) -> Result<&str> {
        self.tools.get(name).map(String::as_str).ok_or_else(|| {
            Failure::with_remedy(
                format!("no version of the tool `{name}` is pinned"),
                format!("add `{name} = \"…\"` to [workspace.metadata.tools] in Cargo.toml"),
            )
        })
    }

    /// The version of a crate in Cargo.lock.
    pub(crate) fn locked_version(&self, name: &str) -> Result<String> {
        let path = self.root.join("Cargo.lock");
        let lock = std::fs::read_to_string(&path).context(|| format!("read {}", path.display()))?;
        locked_version(&lock, name).ok_or_else(|| {
            Failure::with_remedy(
                format!("Cargo.lock has no package `{name}`"),
                "run `cargo update --workspace`, then commit Cargo.lock",
            )
        })
    }

    /// The packages that run on the host.
    pub(crate) fn native(&self) -> impl Iterator<Item = &Package> {
        self.packages.values().filter(|package| package.native)
    }

    /// The packages that run in a browser.
    pub(crate) fn browser(&self) -> impl Iterator<Item = &Package> {
        self.packages.values().filter(|package| !package.native)
    }
}

impl Package {
    fn read(json: &Value, native: bool) -> Self {
        let manifest = Path::new(text(&json["manifest_path"]));
        let dependencies = list(&json["dependencies"]).map(|dependency| {
            let kind = dependency["kind"].as_str().unwrap_or("normal");
            (text(&dependency["name"]).to_owned(), kind.to_owned())
        });
        let features = json["features"].as_object().into_iter().flatten().map(|(name, _)| name.clone());
        Self {
            name: text(&json["name"]).to_owned(),
            version: text(&json["version"]).to_owned(),
            repository: json["repository"].as_str().map(str::to_owned),
            folder: manifest.parent().unwrap_or(manifest).to_owned(),
            native,
            features: features.filter(|name| name != "default").collect(),
            library: list(&json["targets"]).any(is_library),
            dependencies: dependencies.collect(),
        }
    }
}

fn locked_version(lock: &str, name: &str) -> Option<String> {
    let lock: toml::Table = lock.parse().ok()?;
    let packages = lock.get("package")?.as_array()?;
    let package =
        packages.iter().find(|package| package.get("name").and_then(|n| n.as_str()) == Some(name))?;
    Some(package.get("version")?.as_str()?.to_owned())
}

fn is_library(target: &Value) -> bool {
    strings(&target["kind"]).any(|kind| matches!(kind, "lib" | "rlib" | "cdylib" | "proc-macro"))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn strings(value: &Value) -> impl Iterator<Item = &str> {
    list(value).filter_map(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locked_version_is_found_by_name() {
        let lock = "version = 4\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\n[[package]]\nname = \"b\"\nversion = \"2.3.4\"\n";
        assert_eq!(locked_version(lock, "b").as_deref(), Some("2.3.4"));
        assert_eq!(locked_version(lock, "c"), None);
    }

    #[test]
    fn this_workspace_is_read_with_its_native_and_browser_packages_and_tools() {
        let workspace = Workspace::load().unwrap();
        assert!(workspace.package("xtask").unwrap().native);
        assert!(!workspace.package("rejoin").unwrap().native);
        assert!(workspace.tool_version("trunk").is_ok());
        assert!(workspace.tool_version("no-such-tool").unwrap_err().to_string().contains("Cargo.toml"));
        assert!(workspace.package("no-such-package").is_err());
    }
}
