//! Who may depend on whom among the packages of the workspace.

use std::path::Path;

use crate::workspace::{Package, Workspace};

use super::Finding;

/// Each package, and the packages of the workspace it may depend on. Nothing else is allowed.
const ALLOWED: [(&str, &[&str]); 15] = [
    ("rejoin-protocol", &[]),
    ("rejoin-codec", &[]),
    ("rejoin", &["rejoin-protocol", "rejoin-codec"]),
    ("rejoin-npm", &["rejoin-protocol"]),
    ("rejoin-npm-session", &["rejoin"]),
    ("rejoin-yew", &["rejoin"]),
    ("rejoin-server", &["rejoin-protocol", "rejoin-codec"]),
    ("demo-messages", &["rejoin-codec"]),
    ("demo-server", &["rejoin-server", "demo-messages"]),
    ("demo-app", &["rejoin", "rejoin-yew", "demo-messages"]),
    ("rejoin-tests", PUBLIC),
    ("rejoin-tests-page", PUBLIC),
    ("rejoin-test-support", &["rejoin-protocol", "rejoin-server"]),
    ("rejoin-bench", PUBLIC),
    ("xtask", &[]),
];
/// What the tests of every package may depend on.
const SUPPORT: &str = "rejoin-test-support";
/// What the tests of a package may depend on besides.
const ALLOWED_IN_TESTS: [(&str, &[&str]); 2] = [
    // The client is tested natively against this project's own server.
    ("rejoin", &["rejoin-server"]),
    // And the demo's sessions by that client, and by one that floods it.
    ("demo-server", &["rejoin", "rejoin-protocol"]),
];
/// What tests and benchmarks may use: the crates' public faces.
const PUBLIC: &[&str] = &[
    "rejoin-protocol",
    "rejoin-codec",
    "rejoin",
    "rejoin-yew",
    "rejoin-server",
    "demo-messages",
    "demo-server",
    // One who takes part, and what tests share: for tests and benchmarks alone.
    "rejoin-tests-page",
    SUPPORT,
];
/// Packages without any dependency, which is how the compiler proves that no socket or clock is inside.
const PURE: [&str; 1] = ["rejoin-protocol"];

/// Checks every package.
pub(super) fn check(workspace: &Workspace) -> Vec<Finding> {
    workspace.packages.values().flat_map(|package| check_package(package, workspace)).collect()
}

fn check_package(package: &Package, workspace: &Workspace) -> Vec<Finding> {
    let folder = package.folder.strip_prefix(&workspace.root).unwrap_or(Path::new(""));
    let manifest = folder.join("Cargo.toml");
    let name = &package.name;
    let Some((_, allowed)) = ALLOWED.iter().find(|(known, _)| known == name) else {
        let what = format!("`{name}` has no place among the layers: give it one in xtask/src/tidy/layers.rs");
        return vec![Finding::file(&manifest, what)];
    };
    let mut findings = Vec::new();
    for (dependency, kind) in &package.dependencies {
        if PURE.contains(&name.as_str()) && kind != "dev" {
            let what = format!("`{name}` is to have no dependencies, but has `{dependency}`");
            findings.push(Finding::file(&manifest, what));
        } else if workspace.packages.contains_key(dependency)
            && !allowed.contains(&dependency.as_str())
            && !(kind == "dev" && is_allowed_in_tests(name, dependency))
        {
            let may =
                if allowed.is_empty() { "no other package here".to_owned() } else { allowed.join(", ") };
            let what = format!("`{name}` may depend on {may}, not on `{dependency}`");
            findings.push(Finding::file(&manifest, what));
        }
    }
    findings
}

fn is_allowed_in_tests(name: &str, dependency: &str) -> bool {
    dependency == SUPPORT
        || ALLOWED_IN_TESTS.iter().any(|(known, more)| *known == name && more.contains(&dependency))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workspace(packages: &[(&str, &[(&str, &str)])]) -> Workspace {
        let package = |(name, dependencies): &(&str, &[(&str, &str)])| {
            let dependencies =
                dependencies.iter().map(|(name, kind)| ((*name).to_owned(), (*kind).to_owned()));
            let package = Package {
                name: (*name).to_owned(),
                folder: Path::new("/x").join(name),
                dependencies: dependencies.collect(),
                ..Package::default()
            };
            ((*name).to_owned(), package)
        };
        let mut workspace = Workspace::load().unwrap();
        workspace.root = "/x".into();
        workspace.packages = packages.iter().map(package).collect();
        workspace
    }

    #[test]
    fn the_allowed_directions_pass() {
        let good = workspace(&[
            ("rejoin-protocol", &[("proptest", "dev")]),
            ("rejoin-codec", &[("serde", "normal")]),
            ("rejoin", &[("rejoin-protocol", "normal"), ("rejoin-codec", "normal"), ("web-sys", "normal")]),
        ]);
        assert_eq!(check(&good), []);
    }

    #[test]
    fn a_dependency_against_the_layers_is_found_even_for_tests() {
        for kind in ["normal", "dev", "build"] {
            let bad = workspace(&[("rejoin-codec", &[("rejoin", kind)]), ("rejoin", &[])]);
            let found = check(&bad);
            assert_eq!(found.len(), 1);
            assert!(found[0].to_string().contains("not on `rejoin`"), "{}", found[0]);
        }
    }

    #[test]
    fn what_tests_alone_may_use_is_refused_elsewhere() {
        let of = |kind| workspace(&[("rejoin", &[("rejoin-server", kind)]), ("rejoin-server", &[])]);
        assert_eq!(check(&of("dev")), []);
        assert_eq!(check(&of("normal")).len(), 1);
        assert_eq!(check(&of("build")).len(), 1);
    }

    #[test]
    fn the_tests_of_every_package_may_use_what_they_share_and_nothing_else_may() {
        for name in ["rejoin-protocol", "rejoin-codec", "rejoin-server", "demo-app"] {
            let of = |kind| workspace(&[(name, &[(SUPPORT, kind)]), (SUPPORT, &[])]);
            assert_eq!(check(&of("dev")), []);
            assert_eq!(check(&of("normal")).len(), 1, "{name}");
        }
    }

    #[test]
    fn the_core_may_have_no_dependency_at_all() {
        let bad = workspace(&[("rejoin-protocol", &[("serde", "normal")])]);
        assert!(check(&bad)[0].to_string().contains("is to have no dependencies"));
    }

    #[test]
    fn a_new_package_must_be_given_a_place() {
        assert!(check(&workspace(&[("newcomer", &[])]))[0].to_string().contains("has no place"));
    }
}
