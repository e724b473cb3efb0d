//! Trunk.toml names the versions of the tools it calls; they are those that are pinned elsewhere.

use std::path::Path;

use toml::Table;

use crate::failure::{Context, Failure, Result};
use crate::setup::wasm_opt_release;
use crate::workspace::Workspace;

use super::Finding;

/// Compares Trunk.toml with Cargo.lock and the pinned tools.
pub(super) fn check(workspace: &Workspace) -> Result<Vec<Finding>> {
    let path = workspace.root.join("Trunk.toml");
    let text = std::fs::read_to_string(&path).context(|| format!("read {}", path.display()))?;
    let trunk: Table =
        text.parse().map_err(|error| Failure::new(format!("Trunk.toml is no TOML: {error}")))?;
    let bindgen = workspace.locked_version("wasm-bindgen")?;
    let opt = format!("version_{}", wasm_opt_release(workspace.tool_version("binaryen")?));
    Ok(check_tools(&trunk, &bindgen, &opt))
}

fn check_tools(trunk: &Table, bindgen: &str, opt: &str) -> Vec<Finding> {
    let wanted = [("wasm_bindgen", bindgen, "Cargo.lock"), ("wasm_opt", opt, "[workspace.metadata.tools]")];
    let stated = |name: &str| trunk.get("tools")?.get(name)?.as_str();
    wanted
        .into_iter()
        .filter(|(name, version, _)| stated(name) != Some(*version))
        .map(|(name, version, origin)| {
            let now = stated(name).map_or("is missing".to_owned(), |stated| format!("is \"{stated}\""));
            let what = format!("{name} under [tools] {now}; by {origin} it must be \"{version}\"");
            Finding::file(Path::new("Trunk.toml"), what)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agreeing_versions_pass_and_others_are_named() {
        let good: Table = "[tools]\nwasm_bindgen = \"0.2.1\"\nwasm_opt = \"version_9\"\n".parse().unwrap();
        assert_eq!(check_tools(&good, "0.2.1", "version_9"), []);
        let found = check_tools(&good, "0.2.2", "version_9");
        assert_eq!(
            found[0].to_string(),
            "Trunk.toml: wasm_bindgen under [tools] is \"0.2.1\"; by Cargo.lock it must be \"0.2.2\""
        );
        assert_eq!(check_tools(&Table::new(), "0.2.1", "version_9").len(), 2);
    }
}
