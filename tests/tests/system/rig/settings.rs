//! Where everything is, as the environment tells.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

/// The browser that the pages are looked at with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Chromium,
    Firefox,
    WebKit,
}

impl Kind {
    /// The variables that name its driver and its program.
    fn variables(self) -> (&'static str, &'static str) {
        match self {
            Self::Chromium => ("CHROMEDRIVER", "REJOIN_CHROMIUM"),
            Self::Firefox => ("GECKODRIVER", "REJOIN_FIREFOX"),
            Self::WebKit => ("WEBKITDRIVER", "REJOIN_WEBKIT"),
        }
    }
}

/// The first whose driver is named; `cargo xtask test` names one.
pub(crate) fn kind() -> Kind {
    let is_named = |kind: &Kind| env::var_os(kind.variables().0).is_some();
    [Kind::Chromium, Kind::Firefox, Kind::WebKit].into_iter().find(is_named).unwrap_or(Kind::Chromium)
}

/// The driver of the browser.
pub(crate) fn driver() -> PathBuf {
    path(kind().variables().0)
}

/// The browser's program, where the driver is not to look for it itself.
pub(crate) fn browser() -> Option<PathBuf> {
    env::var_os(kind().variables().1).map(PathBuf::from)
}

/// The demo server's program.
pub(crate) fn server() -> PathBuf {
    path("REJOIN_SERVER")
}

/// The folder of the built app.
pub(crate) fn app() -> PathBuf {
    path("REJOIN_APP")
}

/// The script of axe-core.
pub(crate) fn axe() -> PathBuf {
    path("REJOIN_AXE")
}

/// nginx's program.
pub(crate) fn nginx() -> PathBuf {
    path("REJOIN_NGINX")
}

/// The toolchain that compiles for the browser, if it is not the one in use.
pub(crate) fn wasm_toolchain() -> Option<OsString> {
    env::var_os("REJOIN_WASM_TOOLCHAIN")
}

/// What a variable names, which must be there.
pub(crate) fn path(name: &str) -> PathBuf {
    let value = env::var_os(name).filter(|value| !value.is_empty());
    let Some(value) = value else {
        panic!(
            "{name} is not set: these tests are run by `cargo xtask test system`, which says where everything is"
        );
    };
    let path = PathBuf::from(value);
    assert!(path.exists(), "{name} names {}, and nothing is there", path.display());
    path
}
