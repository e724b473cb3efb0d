//! nginx, the proxy before the demo's server in some of the whole-system tests.

use std::env;
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Result};
use crate::toolbox::Toolbox;

use super::{State, apt};

/// Where Debian has it; the folder is not in everybody's `PATH`.
const DEBIAN: &str = "/usr/sbin/nginx";

/// `$REJOIN_NGINX`, else the one in PATH.
pub(crate) fn program(toolbox: &Toolbox) -> Option<PathBuf> {
    if let Some(path) = env::var_os("REJOIN_NGINX") {
        return Some(PathBuf::from(path));
    }
    toolbox.find(&["nginx"]).or_else(|| Some(PathBuf::from(DEBIAN)).filter(|path| Path::is_file(path)))
}

pub(super) fn check(toolbox: &Toolbox) -> State {
    match program(toolbox) {
        Some(program) => State::Ready(program.display().to_string()),
        None => State::Missing("nginx is not installed".to_owned()),
    }
}

pub(super) fn install() -> Result<()> {
    if apt::is_debian() {
        return apt::install(&["nginx-light"]);
    }
    Err(Failure::with_remedy(
        "nginx is needed to test behind a proxy",
        "install nginx and put it in PATH, or set REJOIN_NGINX to it",
    ))
}
