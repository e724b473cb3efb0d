//! Pages of tests and benchmarks: a crate compiled for the browser, with what wasm-bindgen makes of it, beside files that
//! need no building.

use std::path::{Path, PathBuf};

use crate::app::PROFILE;
use crate::context::Context;
use crate::failure::{Context as _, Result};
use crate::{compress, process, toolchain};

/// A page.
#[derive(Debug)]
pub(crate) struct Page {
    /// The package, and what of it is built: `--lib`, or `--bin` and its name.
    pub(crate) package: &'static str,
    pub(crate) target: &'static [&'static str],
    /// The name of the wasm file.
    pub(crate) wasm: &'static str,
    /// The folder of the files that are not built, from the workspace's root.
    pub(crate) files: &'static str,
    /// The folder that is made, below cargo's target.
    pub(crate) folder: &'static str,
}

/// The page of the tests of delivery.
pub(crate) const DELIVERY: Page = Page {
    package: "rejoin-tests-page",
    target: &["--bin", "delivery-page"],
    wasm: "delivery-page",
    files: "tests/page/www",
    folder: "delivery-page",
};

/// Builds a page and hands back its folder.
pub(crate) fn build(context: &Context, page: &Page) -> Result<PathBuf> {
    let folder = context.workspace.target.join(page.folder);
    let mut arguments = vec!["--quiet", "--package", page.package, "--profile", PROFILE];
    arguments.extend(page.target);
    let what = format!("building {}", page.wasm);
    process::run(&mut context.wasm_cargo("build", &arguments)?, &what)?;
    let built = context.workspace.target.join(toolchain::TARGET).join(PROFILE);
    let mut bindgen = context.toolbox.command("wasm-bindgen");
    bindgen.args(["--target", "web", "--no-typescript", "--out-dir"]).arg(&folder);
    bindgen.arg(built.join(format!("{}.wasm", page.wasm)));
    process::run(&mut bindgen, "wasm-bindgen")?;
    let wasm = folder.join(format!("{}_bg.wasm", page.wasm));
    let mut opt = context.toolbox.command("wasm-opt");
    process::run(opt.args(["-Oz", "-o"]).arg(&wasm).arg(&wasm), "wasm-opt")?;
    let files = context.workspace.root.join(page.files);
    for from in compress::files(&files)? {
        copy(&from, &folder)?;
    }
    Ok(folder)
}

/// Copies a file into a folder, under its own name.
pub(crate) fn copy(from: &Path, folder: &Path) -> Result<()> {
    let to = folder.join(from.file_name().unwrap_or_default());
    std::fs::copy(from, to).map(drop).context(|| format!("copy {}", from.display()))
}
