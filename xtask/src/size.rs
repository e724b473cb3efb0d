//! `cargo xtask size`: what a browser downloads, against budgets.

use std::path::{Path, PathBuf};

use crate::app::{self, PROFILE};
use crate::compress::{self, Effort};
use crate::context::Context;
use crate::failure::{Context as _, Failure, Result};
use crate::setup::Need;
use crate::{npm, process, say, toolchain};

/// The package of the smallest clients.
const PACKAGE: &str = "rejoin-bench";
/// The smallest clients, and the most gzip bytes that wasm and glue of ours may have together. For a plain connection
/// 27,500 is the bound; this holds what has been reached, and the goal is 20,000. For a session with JSON the bound is
/// 61,000 and the goal 45,000.
const CLIENTS: [(&str, Option<usize>); 4] = [
    ("minimal-rejoin", Some(26_720)),
    ("minimal-session", Some(60_740)),
    ("minimal-gloo-net", None),
    ("minimal-web-sys", None),
];
/// The most gzip bytes of the app's first load: what has been reached with sessions and the lab in it.
const APP_BUDGET: usize = 382_500;
/// The most brotli bytes of the npm package's modules: of the plain class, for which 17,000 is the bound and 16,000 the
/// goal, and of the session. Both hold what has been reached.
const NPM_BUDGETS: [usize; 2] = [15_640, 85_650];
/// What measuring needs, the app aside.
const NEEDS: [Need; 3] = [Need::WasmTarget, Need::WasmBindgen, Need::WasmOpt];

/// The most that something may have, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Budget {
    Gzip(usize),
    Brotli(usize),
}

/// What a browser downloads of something, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Weight {
    wasm: usize,
    glue: usize,
    gzip: usize,
    brotli: usize,
}

impl Weight {
    /// Weighs files together, each compressed by itself as a server does it.
    fn of(files: &[PathBuf]) -> Result<Self> {
        let mut sum = Self::default();
        for file in files {
            let bytes = std::fs::read(file).context(|| format!("read {}", file.display()))?;
            if file.extension().is_some_and(|kind| kind == "wasm") {
                sum.wasm += bytes.len();
            } else {
                sum.glue += bytes.len();
            }
            sum.gzip += compress::gzip(&bytes, Effort::Best)?.len();
            sum.brotli += compress::brotli(&bytes, Effort::Best)?.len();
        }
        Ok(sum)
    }
}

/// The command.
pub(crate) fn run(context: &Context) -> Result<()> {
    context.provide(&NEEDS)?;
    context.provide(&app::NEEDS)?;
    context.provide(&npm::NEEDS)?;
    part(context)
}

/// The part of `test`: prints everything, then fails if something is over its budget.
pub(crate) fn part(context: &Context) -> Result<()> {
    let mut rows = Vec::new();
    for (binary, budget) in CLIENTS {
        let folder = client(context, binary)?;
        rows.push((binary.to_owned(), Weight::of(&downloads(&folder)?)?, budget.map(Budget::Gzip)));
    }
    let package = npm::built(context)?;
    for (module, budget) in npm::MODULES.into_iter().zip(NPM_BUDGETS) {
        let weight = Weight::of(&[package.join(module)])?;
        rows.push((format!("npm, {module}"), weight, Some(Budget::Brotli(budget))));
    }
    let dist = app::built(context)?;
    rows.push((
        "demo-app, first load".to_owned(),
        Weight::of(&first_load(&dist)?)?,
        Some(Budget::Gzip(APP_BUDGET)),
    ));
    say::result(format_args!(
        "{:<22}{:>9}{:>9}{:>9}{:>9}  {}",
        "bytes", "wasm", "glue", "gzip", "brotli", "budget"
    ));
    for (name, weight, budget) in &rows {
        let Weight { wasm, glue, gzip, brotli } = weight;
        let budget = match budget {
            Some(Budget::Gzip(most)) => format!("{most} gzip"),
            Some(Budget::Brotli(most)) => format!("{most} brotli"),
            None => "-".to_owned(),
        };
        say::result(format_args!("{name:<22}{wasm:>9}{glue:>9}{gzip:>9}{brotli:>9}  {budget}"));
    }
    let over: Vec<String> =
        rows.iter().filter_map(|(name, weight, budget)| over(name, *weight, (*budget)?)).collect();
    if over.is_empty() { Ok(()) } else { Err(Failure::new(over.join("; "))) }
}

fn over(name: &str, weight: Weight, budget: Budget) -> Option<String> {
    let (bytes, most, how) = match budget {
        Budget::Gzip(most) => (weight.gzip, most, "gzip"),
        Budget::Brotli(most) => (weight.brotli, most, "brotli"),
    };
    let excess = bytes.checked_sub(most).filter(|excess| *excess > 0)?;
    Some(format!("{name} has {bytes} bytes in {how}, {excess} more than its budget of {most}"))
}

/// Builds a client as an application would ship it, and hands back the folder of its files.
fn client(context: &Context, binary: &str) -> Result<PathBuf> {
    let arguments = ["--quiet", "--package", PACKAGE, "--bin", binary, "--profile", PROFILE];
    process::run(&mut context.wasm_cargo("build", &arguments)?, &format!("building {binary}"))?;
    let target = &context.workspace.target;
    let built = target.join(toolchain::TARGET).join(PROFILE).join(format!("{binary}.wasm"));
    let folder = target.join("size").join(binary);
    let mut bindgen = context.toolbox.command("wasm-bindgen");
    bindgen.args(["--target", "web", "--no-typescript", "--out-dir"]).arg(&folder).arg(built);
    process::run(&mut bindgen, "wasm-bindgen")?;
    let wasm = folder.join(format!("{binary}_bg.wasm"));
    let mut opt = context.toolbox.command("wasm-opt");
    // What wrote the module and what it needs are known by now.
    opt.args(["-Oz", "--converge", "--strip-producers", "--strip-target-features", "-o"])
        .arg(&wasm)
        .arg(&wasm);
    process::run(&mut opt, "wasm-opt")?;
    let glue = folder.join(format!("{binary}.js"));
    let mut minifier = npm::minifier(context);
    minifier.arg(&glue).arg(format!("--outfile={}", glue.display())).arg("--allow-overwrite");
    process::run(&mut minifier, "esbuild")?;
    Ok(folder)
}

/// The wasm and script files of a folder.
fn downloads(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = compress::files(folder)?;
    files.retain(|file| file.extension().is_some_and(|kind| kind == "wasm" || kind == "js"));
    Ok(files)
}

/// The page and every file that it names; what a worker loads later is not among them.
fn first_load(dist: &Path) -> Result<Vec<PathBuf>> {
    let page = dist.join("index.html");
    let text = std::fs::read_to_string(&page).context(|| format!("read {}", page.display()))?;
    let mut files = compress::files(dist)?;
    files.retain(|file| {
        let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let variant = name.ends_with(".br") || name.ends_with(".gz");
        *file == page || (!variant && names(&text, name))
    });
    Ok(files)
}

/// Whether the page names this file, and not merely one whose name ends the same.
fn names(page: &str, file: &str) -> bool {
    page.match_indices(file).any(|(at, _)| page[..at].ends_with(['/', '"', '\'', '=']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_load_is_the_page_and_what_it_names() {
        let dir = tempfile::tempdir().unwrap();
        let page =
            "<link href=\"/style.css\"><script>import init from '/app-1.js'; init('/app-1_bg.wasm')</script>";
        for (name, text) in [
            ("index.html", page),
            ("style.css", "x"),
            ("app-1.js", "x"),
            ("app-1.js.gz", "x"),
            ("app-1_bg.wasm", "x"),
            ("worker.js", "x"),
            ("1.js", "x"),
        ] {
            std::fs::write(dir.path().join(name), text).unwrap();
        }
        let names: Vec<_> =
            first_load(dir.path()).unwrap().iter().map(|f| f.file_name().unwrap().to_owned()).collect();
        assert_eq!(names, ["app-1.js", "app-1_bg.wasm", "index.html", "style.css"]);
    }

    #[test]
    fn wasm_and_glue_are_weighed_apart_and_compressed_one_by_one() {
        let dir = tempfile::tempdir().unwrap();
        let files = [dir.path().join("a.wasm"), dir.path().join("a.js")];
        std::fs::write(&files[0], [7; 5000]).unwrap();
        std::fs::write(&files[1], "x".repeat(3000)).unwrap();
        let weight = Weight::of(&files).unwrap();
        assert_eq!((weight.wasm, weight.glue), (5000, 3000));
        assert!(weight.gzip > 0 && weight.gzip < 200, "{weight:?}");
        assert!(weight.brotli > 0 && weight.brotli < weight.gzip, "{weight:?}");
    }

    #[test]
    fn what_is_over_its_budget_is_named_with_the_excess() {
        let weight = Weight { gzip: 120, brotli: 110, ..Weight::default() };
        assert_eq!(over("it", weight, Budget::Gzip(120)), None);
        assert_eq!(over("it", weight, Budget::Brotli(110)), None);
        let words = over("it", weight, Budget::Gzip(100)).unwrap();
        assert_eq!(words, "it has 120 bytes in gzip, 20 more than its budget of 100");
        let words = over("it", weight, Budget::Brotli(100)).unwrap();
        assert_eq!(words, "it has 110 bytes in brotli, 10 more than its budget of 100");
    }
}
