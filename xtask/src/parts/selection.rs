//! Which packages a cargo command is for, and with which features.

use std::process::Command;

use crate::compress;
use crate::failure::{Context as _, Result};
use crate::workspace::{Package, Workspace};

/// Features of a browser crate that are for the host.
pub(super) const HOST_FEATURES: [&str; 1] = ["native"];
/// Packages of the browser with a program for the host in them.
const PROGRAMS_FOR_HOST: [&str; 1] = ["rejoin-bench"];

/// Adds each of the packages with every feature that can be had where it runs: what is tested is all there is, and
/// not what happens to be the default.
pub(super) fn choose<'a, 'p>(
    command: &'a mut Command,
    packages: impl IntoIterator<Item = &'p Package>,
) -> &'a mut Command {
    for package in packages {
        command.args(["--package", &package.name]);
        let features = package.features.iter().filter(|name| package.native || !is_for_host(name));
        for feature in features {
            command.arg("--features").arg(format!("{}/{feature}", package.name));
        }
    }
    command
}

/// Adds a browser crate as it is on the host: with every feature, and with those of its tests and examples that are for
/// the host.
pub(super) fn choose_on_host<'a>(command: &'a mut Command, package: &Package) -> &'a mut Command {
    command.args(["--package", &package.name]);
    for feature in &package.features {
        command.arg("--features").arg(format!("{}/{feature}", package.name));
    }
    command
}

/// The browser crates that can be built for the host, by a feature.
pub(super) fn with_host_feature(workspace: &Workspace) -> impl Iterator<Item = &Package> {
    workspace.browser().filter(|package| package.features.iter().any(|feature| is_for_host(feature)))
}

/// Whether a feature of a browser crate is for the host.
pub(super) fn is_for_host(feature: &str) -> bool {
    HOST_FEATURES.contains(&feature)
}

/// Whether a package is to be linted on the host.
pub(super) fn is_on_host(package: &&Package) -> bool {
    package.native || PROGRAMS_FOR_HOST.contains(&package.name.as_str())
}

/// Whether a package of the browser has tests in its sources that run on the host.
pub(super) fn has_host_tests(package: &Package) -> Result<bool> {
    for file in compress::files(&package.folder.join("src"))? {
        let text = std::fs::read_to_string(&file).context(|| format!("read {}", file.display()))?;
        if text.lines().any(|line| line.trim() == "#[test]") {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(native: bool, features: &[&str]) -> Package {
        let features = features.iter().map(ToString::to_string).collect();
        Package { name: "it".to_owned(), native, features, ..Package::default() }
    }

    fn arguments(package: &Package) -> Vec<String> {
        let mut command = Command::new("cargo");
        choose(&mut command, [package]);
        command.get_args().map(|argument| argument.to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn every_feature_that_can_be_had_is_chosen() {
        let chosen = ["--package", "it", "--features", "it/json"];
        assert_eq!(arguments(&package(false, &["json", "native"])), chosen);
        let chosen = ["--package", "it", "--features", "it/json", "--features", "it/native"];
        assert_eq!(arguments(&package(true, &["json", "native"])), chosen);
    }

    #[test]
    fn a_browser_crate_on_the_host_has_every_feature() {
        let mut command = Command::new("cargo");
        choose_on_host(&mut command, &package(false, &["json", "native"]));
        let arguments: Vec<_> = command.get_args().map(|argument| argument.to_string_lossy()).collect();
        assert_eq!(arguments, ["--package", "it", "--features", "it/json", "--features", "it/native"]);
    }

    #[test]
    fn tests_for_the_host_are_found_in_the_sources() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("src/deep")).unwrap();
        let package = Package { folder: dir.path().to_owned(), ..Package::default() };
        std::fs::write(dir.path().join("src/lib.rs"), "//! Has no `#[test]`.\n").unwrap();
        assert!(!has_host_tests(&package).unwrap());
        std::fs::write(dir.path().join("src/deep/a.rs"), "    #[test]\n    fn a() {}\n").unwrap();
        assert!(has_host_tests(&package).unwrap());
    }
}
