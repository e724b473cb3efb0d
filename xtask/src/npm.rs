//! `cargo xtask npm`: the npm package, in a folder that `npm pack` accepts.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::app::PROFILE;
use crate::context::Context;
use crate::failure::{Context as _, Failure, Result};
use crate::setup::{self, Need};
use crate::{names, panics, process, say, toolchain};

/// The crate of the link, whose folder has the scripts too.
const LINK: &str = "rejoin-npm";
/// The crate of the session.
const SESSION: &str = "rejoin-npm-session";
/// What building needs.
pub(crate) const NEEDS: [Need; 4] = [Need::WasmTarget, Need::WasmBindgen, Need::WasmOpt, Need::NpmPackages];
/// The entry points' modules, each all that a page loads: the plain class, and the session.
pub(crate) const MODULES: [&str; 2] = ["rejoin.js", "session.js"];
/// Properties of the plain class's scripts that nothing outside of them sees, and that may have shorter names in the bundle.
const PRIVATE: [&str; 41] = [
    "abandon",
    "abortCall",
    "alive",
    "answer",
    "atRest",
    "beginClosing",
    "changed",
    "closing",
    "constructing",
    "decide",
    "dispatching",
    "drain",
    "dropCall",
    "ending",
    "events",
    "failed",
    "fixed",
    "judged",
    "late",
    "leaving",
    "leavingUntil",
    "logRecord",
    "logging",
    "mayQueue",
    "measure",
    "neverOpened",
    "newest",
    "noteError",
    "noteLost",
    "owner",
    "record",
    "seek",
    "serial",
    "settings",
    "sleep",
    "stateChanged",
    "takeMessage",
    "transmit",
    "unwatch",
    "wakeAt",
    "wanted",
];
/// What stands in the manifest for the crate's version.
const VERSION: &str = "\"version\": \"0.0.0\",";
/// The oldest JavaScript that the module is written in.
const SYNTAX: &str = "--target=es2022";

/// The command.
pub(crate) fn run(context: &Context) -> Result<()> {
    context.provide(&NEEDS)?;
    let folder = built(context)?;
    say::result(format_args!("npm: the package lies in {}", folder.display()));
    Ok(())
}

/// The folder of the package, built once however many parts use it.
pub(crate) fn built(context: &Context) -> Result<PathBuf> {
    context.npm.get_or_init(|| build(context)).clone()
}

fn build(context: &Context) -> Result<PathBuf> {
    let workspace = &context.workspace;
    let package = workspace.package(LINK)?;
    let (stage, folder) = (workspace.target.join("npm-stage"), workspace.target.join("npm"));
    for folder in [&stage, &folder] {
        if folder.exists() {
            std::fs::remove_dir_all(folder).context(|| format!("remove {}", folder.display()))?;
        }
    }
    let session = stage.join("session");
    for folder in [&folder, &session] {
        std::fs::create_dir_all(folder).context(|| format!("make the folder {}", folder.display()))?;
    }
    let scripts = package.folder.join("js");
    copy_scripts(&scripts, &stage)?;
    copy_scripts(&scripts.join("session"), &session)?;
    // Of what wasm-bindgen makes only the module is used, and only the functions in it: numbers need no glue.
    let wasm = module(context, LINK, &stage.join("wasm"), &ONLY_FUNCTIONS)?;
    let glue = ["core.js", "driver.js", "rejoin.js"].map(|name| stage.join(name));
    names::shorten(context, &wasm, &glue, "core.")?;
    let link = inline(&wasm, &stage)?;
    let short = format!("--mangle-props=^({})$", PRIVATE.join("|"));
    bundle(context, &stage.join("index.js"), &folder.join(MODULES[0]), &[&short])?;
    shrink(context, &folder.join(MODULES[0]))?;
    fill(&folder.join(MODULES[0]), &link)?;
    let wasm = module(context, SESSION, &session, &[])?;
    names::shorten(context, &wasm, &[session.join("port.js")], "wasm.")?;
    let inlined = inline(&wasm, &session)?;
    bundle(context, &session.join("glue.js"), &session.join("bundled.js"), &SURROUNDINGS)?;
    bundle(context, &session.join("index.js"), &folder.join(MODULES[1]), &[])?;
    shrink(context, &folder.join(MODULES[1]))?;
    fill(&folder.join(MODULES[1]), &inlined)?;
    for name in ["rejoin.d.ts", "session.d.ts", "README.md"] {
        copy(&package.folder.join(name), &folder.join(name))?;
    }
    for name in ["LICENSE-MIT", "LICENSE-APACHE"] {
        copy(&workspace.root.join(name), &folder.join(name))?;
    }
    let manifest = package.folder.join("package.json");
    let text = std::fs::read_to_string(&manifest).context(|| format!("read {}", manifest.display()))?;
    let text = complete(&text, &package.version, package.repository.as_deref())?;
    write(&folder.join("package.json"), &text)?;
    Ok(folder)
}

/// The scripts of a folder, those of folders in it aside.
fn copy_scripts(from: &Path, to: &Path) -> Result<()> {
    for entry in std::fs::read_dir(from).context(|| format!("read {}", from.display()))? {
        let path = entry.context(|| format!("read {}", from.display()))?.path();
        if let Some(name) = path.file_name().filter(|_| path.is_file()) {
            copy(&path, &to.join(name))?;
        }
    }
    Ok(())
}

/// The variable that has a bundle's module. It is declared after everything else, since text next to text compresses best.
const PLACE: &str = "rejoinModule";

/// Prepares a script for a module, so that whoever bundles or serves the package has one file to care about; returns the
/// module as text, for [`fill`].
fn inline(module: &Path, folder: &Path) -> Result<String> {
    let wasm = std::fs::read(module).context(|| "read the wasm module".to_owned())?;
    write(&folder.join("wasm.js"), &format!("export const encoded = () => {PLACE};\n"))?;
    Ok(encode(&wasm))
}

/// Puts a module into its bundle, on a line of its own.
fn fill(bundle: &Path, module: &str) -> Result<()> {
    let text = std::fs::read_to_string(bundle).context(|| format!("read {}", bundle.display()))?;
    if text.matches(PLACE).count() != 1 {
        return Err(Failure::new(format!("{} has not one place for the module", bundle.display())));
    }
    write(bundle, &format!("{}\nvar {PLACE}=\n\"{module}\"\n", text.trim_end()))
}

/// For wasm-opt: leaves out what wasm-bindgen exports for its glue.
const ONLY_FUNCTIONS: [&str; 2] = ["--remove-exports", "--pass-arg=remove-exports@__*,memory"];

/// Builds a crate's module into a folder, with what wasm-bindgen writes beside it. `more` are arguments for wasm-opt.
fn module(context: &Context, package: &str, folder: &Path, more: &[&str]) -> Result<PathBuf> {
    let arguments = ["--quiet", "--package", package, "--lib", "--profile", PROFILE];
    process::run(&mut context.wasm_cargo("build", &arguments)?, "building the wasm module")?;
    let file = format!("{}.wasm", package.replace('-', "_"));
    let built = context.workspace.target.join(toolchain::TARGET).join(PROFILE).join(file);
    let mut bindgen = context.toolbox.command("wasm-bindgen");
    bindgen.args(["--target", "web", "--no-typescript", "--out-name", "port", "--out-dir"]);
    process::run(bindgen.arg(folder).arg(built), "wasm-bindgen")?;
    let (wasm, text) = (folder.join("port_bg.wasm"), folder.join("port.wat"));
    let mut print = context.toolbox.command("wasm-opt");
    print.args(["-g", "--strip-producers", "--strip-target-features", "--emit-text", "-o"]);
    process::run(print.arg(&text).arg(&wasm), "wasm-opt, for the text")?;
    panics::cut(&text)?;
    let mut opt = context.toolbox.command("wasm-opt");
    // No function of it is called often enough for inlining to pay. Control flow made anew compresses better.
    opt.args(names::FEATURES).args(more).args(["-Oz", "--converge", "--flatten", "--rereloop"]);
    opt.args(["-Oz", "--converge", "-o"]);
    process::run(opt.arg(&wasm).arg(&text), "wasm-opt")?;
    Ok(wasm)
}

/// Bytes as text that needs no escapes, which `js/core.js` decodes: the most frequent ones are one character, the others
/// two. Compressed it is a fifth smaller than base64, which hides where bytes begin.
fn encode(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        let (prefix, value) = match byte {
            0..90 => (None, *byte),
            90..173 => (Some('!'), byte - 90),
            173.. => (Some('~'), byte - 173),
        };
        // From `#` on, without the backslash.
        let code = b'#' + value;
        text.extend(prefix);
        text.push(char::from(if code < b'\\' { code } else { code + 1 }));
    }
    text
}

/// What surrounds the Rust client in place of a page, for runtimes that are none: see `js/session/host.js`.
const SURROUNDINGS: [&str; 2] = ["--inject:host.js", "--define:globalThis=rejoinScope"];

/// What makes a script small, without arguments that say which.
pub(crate) fn minifier(context: &Context) -> Command {
    let program = setup::npm_packages(&context.toolbox).join("node_modules/.bin/esbuild");
    let mut esbuild = context.toolbox.command(program);
    esbuild.args(["--minify", "--format=esm", SYNTAX, "--log-level=warning"]);
    esbuild
}

fn bundle(context: &Context, entry: &Path, module: &Path, more: &[&str]) -> Result<()> {
    let mut esbuild = minifier(context);
    esbuild.arg("--bundle");
    esbuild.args(more).arg(entry).arg(format!("--outfile={}", module.display()));
    // Files named in arguments are looked for beside the entry.
    esbuild.current_dir(entry.parent().unwrap_or(entry));
    process::run(&mut esbuild, "esbuild")
}

/// Makes a bundle smaller still, in lines of one statement each: Node.js shows the whole line in which an error was thrown.
fn shrink(context: &Context, bundle: &Path) -> Result<()> {
    let program = setup::npm_packages(&context.toolbox).join("node_modules/.bin/terser");
    let mut terser = context.toolbox.command(program);
    terser.arg(bundle).args([
        "--module",
        "--ecma",
        "2022",
        "--compress",
        "passes=3,sequences=false,hoist_funs=true",
    ]);
    terser.args(["--mangle", "--format", "semicolons=false", "--output"]).arg(bundle);
    process::run(&mut terser, "terser")
}

/// The package's manifest, with what the crate's says. As text: the order of the keys means something in it.
fn complete(manifest: &str, version: &str, repository: Option<&str>) -> Result<String> {
    let (before, after) = manifest
        .split_once(VERSION)
        .ok_or_else(|| Failure::new(format!("package.json has no `{VERSION}` to put the version in")))?;
    let repository = repository.map_or(String::new(), |url| {
        format!(
            "\n  \"repository\": {{ \"type\": \"git\", \"url\": \"{url}\", \"directory\": \"client-lib/npm\" }},"
        )
    });
    Ok(format!("{before}\"version\": \"{version}\",{repository}{after}"))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::copy(from, to).map(drop).context(|| format!("copy {}", from.display()))
}

fn write(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).context(|| format!("write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_encoded_in_its_own_way_without_characters_that_need_escapes() {
        let all: std::collections::BTreeSet<String> = (0..=255).map(|byte| encode(&[byte])).collect();
        assert_eq!(all.len(), 256);
        let text = encode(&(0..=255).collect::<Vec<u8>>());
        assert!(text.chars().all(|c| c.is_ascii_graphic() && c != '"' && c != '\\'), "{text}");
        assert_eq!(encode(&[0, 56, 57, 89, 90, 172, 173, 255]), "#[]}!#!v~#~v");
    }

    #[test]
    fn the_manifest_has_the_crates_version_and_its_repository_where_there_is_one() {
        let manifest = "{\n  \"version\": \"0.0.0\",\n  \"type\": \"module\"\n}\n";
        let text = complete(manifest, "1.2.3", None).unwrap();
        assert_eq!(text, manifest.replace("0.0.0", "1.2.3"));
        let text = complete(manifest, "1.2.3", Some("https://example.org/it")).unwrap();
        assert!(text.contains("\"url\": \"https://example.org/it\""), "{text}");
        assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{text}");
        assert!(complete("{}", "1.2.3", None).is_err());
    }
}
