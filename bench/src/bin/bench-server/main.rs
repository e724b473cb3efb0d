//! Serves the benchmarks' pages, plays the other end of their connections, collects what they report and prints a table.
//!
//! `bench-server PAGE_FOLDER ROUNDS` measures throughput; `bench-server PAGE_FOLDER delivery PEERS` counts what arrives over
//! faults, beside the peers that listen at the address PEERS. It prints the address to open in a browser, and ends when
//! the page is done.
#![cfg_attr(target_arch = "wasm32", no_main)]
// A table for a terminal is what this program is for.
#![allow(clippy::print_stdout)]

#[cfg(not(target_arch = "wasm32"))]
mod delivery;
#[cfg(not(target_arch = "wasm32"))]
mod plain;
#[cfg(not(target_arch = "wasm32"))]
mod report;
#[cfg(not(target_arch = "wasm32"))]
mod server;
#[cfg(not(target_arch = "wasm32"))]
mod session;

#[cfg(not(target_arch = "wasm32"))]
#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    server::run().await
}
