//! Tests of everything together: the demo's server as a process, its pages in a real browser.
#![allow(clippy::unwrap_used, clippy::print_stdout)] // A helper that fails is a test that fails, and says why.

mod chatting;
mod chromium_only;
mod classic;
mod development;
mod fates;
mod features;
mod history;
mod keyboard;
mod lab;
mod outages;
mod pages;
mod proxied;
mod reload;
mod rig;
mod speed;
mod speed_truth;
