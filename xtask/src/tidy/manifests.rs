//! The packages' Cargo.toml files: versions and lints come from the root, and from nowhere else.

use std::path::Path;

use toml::{Table, Value};

use crate::failure::{Context, Failure, Result};
use crate::workspace::Workspace;

use super::Finding;

/// The kinds of dependency tables.
const TABLES: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];
/// What every package takes from the root.
const INHERITED: [&str; 4] = ["version", "edition", "rust-version", "license"];

/// Checks the manifest of every package.
pub(super) fn check(workspace: &Workspace) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for package in workspace.packages.values() {
        let path = package.folder.join("Cargo.toml");
        let text = std::fs::read_to_string(&path).context(|| format!("read {}", path.display()))?;
        let manifest: Table =
            text.parse().map_err(|error| Failure::new(format!("{} is no TOML: {error}", path.display())))?;
        let shown = path.strip_prefix(&workspace.root).unwrap_or(&path);
        findings.extend(check_manifest(shown, &manifest));
    }
    Ok(findings)
}

fn check_manifest(path: &Path, manifest: &Table) -> Vec<Finding> {
    let mut findings = Vec::new();
    let targets = manifest.get("target").and_then(Value::as_table).into_iter().flatten();
    let targets = targets.filter_map(|(_, table)| table.as_table());
    for table in std::iter::once(manifest).chain(targets) {
        for kind in TABLES {
            let dependencies = table.get(kind).and_then(Value::as_table).into_iter().flatten();
            for (name, _) in dependencies.filter(|(_, value)| !inherits(value)) {
                let what = format!(
                    "`{name}` under [{kind}] is not from the workspace: put it in the root's \
                     [workspace.dependencies] and write `{name}.workspace = true`"
                );
                findings.push(Finding::file(path, what));
            }
        }
    }
    for key in INHERITED {
        if !manifest.get("package").and_then(|package| package.get(key)).is_some_and(inherits) {
            findings.push(Finding::file(path, format!("write `{key}.workspace = true` under [package]")));
        }
    }
    if !manifest.get("lints").is_some_and(inherits) {
        findings.push(Finding::file(path, "write `workspace = true` under [lints]"));
    }
    findings
}

fn inherits(value: &Value) -> bool {
    value.get("workspace").and_then(Value::as_bool) == Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACKAGE: &str = "[package]\nname = \"x\"\nversion.workspace = true\nedition.workspace = true\n\
                           rust-version.workspace = true\nlicense.workspace = true\n[lints]\nworkspace = true\n";

    fn found(manifest: &str) -> Vec<String> {
        let manifest: Table = manifest.parse().unwrap();
        check_manifest(Path::new("x/Cargo.toml"), &manifest).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_manifest_that_inherits_everything_passes() {
        let more =
            "[dependencies]\nserde.workspace = true\nyew = { workspace = true, features = [\"csr\"] }\n";
        assert_eq!(found(&format!("{PACKAGE}{more}")), [] as [&str; 0]);
    }

    #[test]
    fn a_version_or_a_path_outside_of_the_root_is_found_in_every_table() {
        for table in
            ["dependencies", "dev-dependencies", "build-dependencies", "target.'cfg(unix)'.dependencies"]
        {
            for value in ["\"1\"", "{ version = \"1\" }", "{ path = \"../y\" }"] {
                let found = found(&format!("{PACKAGE}[{table}]\ny = {value}\n"));
                assert_eq!(found.len(), 1, "{table} {value}");
                assert!(found[0].contains("y.workspace = true"), "{}", found[0]);
            }
        }
    }

    #[test]
    fn a_package_with_an_edition_or_lints_of_its_own_is_found() {
        let own = PACKAGE.replace("edition.workspace = true", "edition = \"2021\"");
        assert!(found(&own)[0].contains("edition.workspace = true"));
        let own = PACKAGE.replace("[lints]\nworkspace = true", "");
        assert!(found(&own)[0].contains("[lints]"));
    }
}
