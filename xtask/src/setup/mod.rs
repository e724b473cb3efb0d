//! Setting up: what the commands need from the machine, what of it is missing, and installing just that.

mod apt;
mod browsers;
mod cargo_tools;
mod debian_std;
mod newer_node;
mod nginx;
mod npm;
mod std_sources;
mod turn;
mod wasm_target;

use std::collections::BTreeSet;
use std::time::Instant;

use crate::failure::{Failure, Result};
use crate::say;
use crate::toolbox::Toolbox;
use crate::workspace::Workspace;

use turn::Turn;

pub(crate) use browsers::BrowserKind;
pub(crate) use newer_node::program as newer_node;
pub(crate) use nginx::program as nginx;
pub(crate) use npm::{axe, packages as npm_packages, peers, release as wasm_opt_release};

/// Something a command needs from the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Need {
    /// A toolchain that compiles for the browser.
    WasmTarget,
    /// A toolchain that can build its standard library anew.
    StdSources,
    /// The bundler of the app.
    Trunk,
    /// wasm-bindgen and its test runner, of the version in Cargo.lock.
    WasmBindgen,
    /// The optimiser of wasm files.
    WasmOpt,
    /// Chromium or Chrome, and its driver.
    Chromium,
    /// Firefox and its driver.
    Firefox,
    /// WebKitGTK, its driver and a display.
    WebKit,
    /// The proxy of some whole-system tests.
    Nginx,
    /// The script that looks for what keeps people from using a page.
    Axe,
    /// What the npm package is built and tested with.
    NpmPackages,
    /// A newer Node.js beside the one that runs the tests.
    NewerNode,
    /// The peers that are measured beside ours.
    Peers,
}

/// What all of `cargo xtask test` needs. Firefox and WebKit are not among it.
pub(crate) const DEFAULT: [Need; 9] = [
    Need::WasmTarget,
    Need::Trunk,
    Need::WasmBindgen,
    Need::WasmOpt,
    Need::Chromium,
    Need::Nginx,
    Need::Axe,
    Need::NpmPackages,
    Need::NewerNode,
];

/// Whether a need is met.
#[derive(Debug, Clone)]
pub(crate) enum State {
    /// It is, by this.
    Ready(String),
    /// It is not, and this is why.
    Missing(String),
}

impl Need {
    /// What it is called in messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::WasmTarget => "wasm target",
            Self::StdSources => "std sources",
            Self::Trunk => "trunk",
            Self::WasmBindgen => "wasm-bindgen",
            Self::WasmOpt => "wasm-opt",
            Self::Chromium => "chromium",
            Self::Firefox => "firefox",
            Self::WebKit => "webkit",
            Self::Nginx => "nginx",
            Self::Axe => "axe-core",
            Self::NpmPackages => "npm packages",
            Self::NewerNode => "newer node",
            Self::Peers => "peers",
        }
    }

    fn check(self, workspace: &Workspace, toolbox: &Toolbox) -> Result<State> {
        match self {
            Self::WasmTarget => wasm_target::check(toolbox),
            Self::StdSources => Ok(std_sources::check(toolbox)),
            Self::Trunk => cargo_tools::trunk(workspace)?.check(toolbox),
            Self::WasmBindgen => cargo_tools::wasm_bindgen(workspace)?.check(toolbox),
            Self::WasmOpt => npm::check(workspace, toolbox),
            Self::Chromium => Ok(browsers::check_chromium(toolbox)),
            Self::Firefox => browsers::check_firefox(workspace, toolbox),
            Self::WebKit => browsers::check_webkit(toolbox),
            Self::Nginx => Ok(nginx::check(toolbox)),
            Self::Axe => npm::check_axe(workspace, toolbox),
            Self::NpmPackages => npm::check_packages(workspace, toolbox),
            Self::NewerNode => newer_node::check(workspace, toolbox),
            Self::Peers => npm::check_peers(workspace, toolbox),
        }
    }

    /// What the installation does, and about how long it takes on two cores.
    fn plan(self, toolbox: &Toolbox) -> String {
        match self {
            Self::WasmTarget => wasm_target::plan(toolbox),
            Self::StdSources => std_sources::plan(toolbox),
            Self::Trunk => "compiling it with cargo install, about 3 minutes".to_owned(),
            Self::WasmBindgen => "compiling it with cargo install, about 2 minutes".to_owned(),
            Self::WasmOpt => "installing the npm package binaryen, about 10 seconds".to_owned(),
            Self::Axe => "installing the npm package axe-core, about 5 seconds".to_owned(),
            Self::NpmPackages => "installing what the npm package is built with, about 30 seconds".to_owned(),
            Self::NewerNode => "installing an npm package of Node.js, about 10 seconds".to_owned(),
            Self::Peers => "installing npm packages, about 10 seconds".to_owned(),
            Self::Chromium => browsers::plan("chromium and its driver", "30 seconds"),
            Self::Nginx => browsers::plan("nginx", "5 seconds"),
            Self::Firefox => {
                browsers::plan("firefox, and compiling geckodriver with cargo install", "2 minutes")
            }
            Self::WebKit => browsers::plan("webkit2gtk-driver and xvfb", "1 minute"),
        }
    }

    fn install(self, workspace: &Workspace, toolbox: &Toolbox) -> Result<()> {
        match self {
            Self::WasmTarget => wasm_target::install(workspace, toolbox),
            Self::StdSources => std_sources::install(toolbox),
            Self::Trunk => cargo_tools::trunk(workspace)?.install(toolbox),
            Self::WasmBindgen => cargo_tools::wasm_bindgen(workspace)?.install(toolbox),
            Self::WasmOpt => npm::install(workspace, toolbox),
            Self::Chromium => browsers::install_chromium(toolbox),
            Self::Firefox => browsers::install_firefox(workspace, toolbox),
            Self::WebKit => browsers::install_webkit(toolbox),
            Self::Nginx => nginx::install(),
            Self::Axe => npm::install_axe(workspace, toolbox),
            Self::NpmPackages => npm::install_packages(workspace, toolbox),
            Self::NewerNode => newer_node::install(workspace, toolbox),
            Self::Peers => npm::install_peers(workspace, toolbox),
        }
    }
}

/// What came of setting up: the needs that could not be met, each with its failure.
#[derive(Debug, Default)]
pub(crate) struct Unmet(Vec<(Need, Failure)>);

impl Unmet {
    /// The first unmet need among these.
    pub(crate) fn among(&self, needs: &[Need]) -> Option<(Need, &Failure)> {
        self.0.iter().find(|(need, _)| needs.contains(need)).map(|(need, failure)| (*need, failure))
    }

    /// A failure that names them, if anything is unmet. The reasons have been told as they came up.
    pub(crate) fn into_result(self) -> Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        let names: Vec<&str> = self.0.iter().map(|(need, _)| need.name()).collect();
        Err(Failure::new(format!("setup is incomplete, for the reasons above: {}", names.join(", "))))
    }

    fn add(&mut self, need: Need, failure: Failure) {
        let failure = failure.within(&format!("setup of {}", need.name()));
        say::progress(&failure);
        self.0.push((need, failure));
    }
}

/// Checks every need and installs what is missing, going on after a failure. `verbose` names what is there too.
pub(crate) fn provide(
    needs: &BTreeSet<Need>,
    workspace: &Workspace,
    toolbox: &Toolbox,
    verbose: bool,
) -> Result<Unmet> {
    let mut missing = Vec::new();
    let mut unmet = Unmet::default();
    for (need, state) in check_all(needs, workspace, toolbox) {
        match state {
            Ok(State::Ready(by)) if verbose => say::progress(format_args!("setup: {:<13}{by}", need.name())),
            Ok(State::Ready(_)) => {}
            Ok(State::Missing(why)) => missing.push((need, why)),
            Err(failure) => unmet.add(need, failure),
        }
    }
    if missing.is_empty() {
        return Ok(unmet);
    }
    let _turn = Turn::wait(toolbox)?;
    for (need, why) in missing {
        // Another command may have installed it while this one waited.
        if let Ok(State::Ready(_)) = need.check(workspace, toolbox) {
            continue;
        }
        let started = Instant::now();
        say::progress(format_args!("setup: {:<13}{why}; {}", need.name(), need.plan(toolbox)));
        match need.install(workspace, toolbox).and_then(|()| verify(need, workspace, toolbox)) {
            Ok(by) => {
                let took = started.elapsed().as_secs();
                say::progress(format_args!("setup: {:<13}{by}, in {took} s", need.name()));
            }
            Err(Failure::Interrupted) => return Err(Failure::Interrupted),
            Err(failure) => unmet.add(need, failure),
        }
    }
    cargo_tools::clean(toolbox)?;
    Ok(unmet)
}

/// Asks all tools at once, because starting a browser to hear its version is slow.
fn check_all(needs: &BTreeSet<Need>, workspace: &Workspace, toolbox: &Toolbox) -> Vec<(Need, Result<State>)> {
    std::thread::scope(|scope| {
        let threads: Vec<_> =
            needs.iter().map(|need| (*need, scope.spawn(move || need.check(workspace, toolbox)))).collect();
        let states = threads.into_iter().map(|(need, thread)| {
            let panicked = |_| Err(Failure::new(format!("checking {} panicked", need.name())));
            (need, thread.join().unwrap_or_else(panicked))
        });
        states.collect()
    })
}

/// After an installation that reported success, the check has to agree.
fn verify(need: Need, workspace: &Workspace, toolbox: &Toolbox) -> Result<String> {
    match need.check(workspace, toolbox)? {
        State::Ready(by) => Ok(by),
        State::Missing(why) => Err(Failure::new(format!("installed, but {why}"))),
    }
}
