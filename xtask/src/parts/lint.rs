//! Formatting, lints and documentation, for the host and for the browser.

use crate::context::Context;
use crate::failure::Result;
use crate::process;

use super::browser::name_peers;
use super::selection::{choose, choose_on_host, is_on_host, with_host_feature};

/// `cargo fmt --check` over the whole workspace.
pub(super) fn fmt(context: &Context) -> Result<()> {
    process::run(
        &mut context.cargo(&["fmt", "--all", "--check"]),
        "cargo fmt --check (put right by `cargo fmt --all`)",
    )
}

/// Clippy without a warning, with each crate's tests and examples.
pub(super) fn clippy(context: &Context) -> Result<()> {
    let mut native = context.cargo(&["clippy", "--quiet", "--keep-going"]);
    let mut wasm = context.wasm_cargo("clippy", &["--quiet", "--keep-going"])?;
    name_peers(&mut wasm);
    let on_host = context.workspace.packages.values().filter(is_on_host);
    let deny = ["--all-targets", "--", "-D", "warnings"];
    let clippy = both(process::run(choose(&mut native, on_host).args(deny), "clippy, native"), || {
        process::run(choose(&mut wasm, context.workspace.browser()).args(deny), "clippy, wasm")
    });
    with_host_feature(&context.workspace).fold(clippy, |sofar, package| {
        let mut cargo = context.cargo(&["clippy", "--quiet", "--keep-going"]);
        choose_on_host(&mut cargo, package).args(deny);
        both(sofar, || process::run(&mut cargo, &format!("clippy, {} for the host", package.name)))
    })
}

/// Documentation without a warning.
pub(super) fn rustdoc(context: &Context) -> Result<()> {
    let mut native = context.cargo(&["doc", "--quiet", "--keep-going", "--no-deps"]);
    let mut wasm = context.wasm_cargo("doc", &["--quiet", "--keep-going", "--no-deps"])?;
    let strict = ("RUSTDOCFLAGS", "-D warnings");
    let documented = both(
        process::run(
            choose(&mut native, context.workspace.native()).env(strict.0, strict.1),
            "rustdoc, native",
        ),
        || {
            let command = choose(&mut wasm, context.workspace.browser());
            process::run(command.env(strict.0, strict.1), "rustdoc, wasm")
        },
    );
    with_host_feature(&context.workspace).fold(documented, |sofar, package| {
        let mut cargo = context.cargo(&["doc", "--quiet", "--keep-going", "--no-deps"]);
        choose_on_host(&mut cargo, package).env(strict.0, strict.1);
        both(sofar, || process::run(&mut cargo, &format!("rustdoc, {} for the host", package.name)))
    })
}

/// The second check is run whatever came of the first, whose failure counts first.
pub(super) fn both(first: Result<()>, second: impl FnOnce() -> Result<()>) -> Result<()> {
    if let Err(failure) = &first {
        crate::say::progress(format_args!("{failure}"));
    }
    let second = second();
    first.and(second)
}
