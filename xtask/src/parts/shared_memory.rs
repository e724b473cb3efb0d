//! The client's tests in a build for threads: with shared memory, which a browser's own functions do not take
//! everywhere, and with a standard library that is built for it.

use crate::context::Context;
use crate::failure::{Failure, Result};
use crate::setup::BrowserKind;
use crate::toolchain;

use super::browser::{CLIENT, SECONDS, TARGETS, run};
use super::selection::choose;

/// What makes a build for threads, as wasm-bindgen wants it. Older compilers add some of it by themselves.
const FLAGS: [&str; 9] = [
    "-Ctarget-feature=+atomics,+bulk-memory,+mutable-globals",
    "-Clink-arg=--shared-memory",
    "-Clink-arg=--import-memory",
    // A shared memory has to say how far it may grow: 1 GiB.
    "-Clink-arg=--max-memory=1073741824",
    "-Clink-arg=--export=__wasm_init_tls",
    "-Clink-arg=--export=__tls_size",
    "-Clink-arg=--export=__tls_align",
    "-Clink-arg=--export=__tls_base",
    // The features are unstable, which the compiler says for every crate.
    "-Awarnings",
];

/// In Chromium, in a window and in a worker. The runner serves its page isolated from other origins, without which
/// no browser shares memory.
pub(super) fn chromium(context: &Context) -> Result<()> {
    let toolchain = toolchain::with_sources(&context.toolbox).ok_or_else(|| {
        Failure::with_remedy(
            "no toolchain here has the sources of its standard library",
            "run `rustup component add rust-src`",
        )
    })?;
    let mut cargo = context.cargo(&["test", "--target", toolchain::TARGET]);
    toolchain.apply_with_std(&mut cargo).args(TARGETS);
    choose(&mut cargo, [context.workspace.package(CLIENT)?]);
    // A folder of its own: what is built there is of no use to another build, nor the other way round.
    cargo.arg("--target-dir").arg(context.workspace.target.join("shared-memory"));
    cargo.env("CARGO_ENCODED_RUSTFLAGS", FLAGS.join("\u{1f}"));
    // By this the tests know to find the memory shared.
    cargo.env("REJOIN_TEST_SHARED_MEMORY", "1");
    run(context, cargo, BrowserKind::Chromium, SECONDS)
}
