//! Debian's packages: installed when this is Debian and we are root, named in a sentence when not.

use std::process::Command;
use std::sync::Mutex;

use crate::failure::{Failure, Result};
use crate::process;

static UPDATED: Mutex<bool> = Mutex::new(false);

/// Whether packages can be installed here without asking anybody.
pub(super) fn usable() -> bool {
    is_debian() && is_root()
}

/// Whether this is Debian itself; its derivatives name and pack browsers differently.
pub(super) fn is_debian() -> bool {
    std::fs::read_to_string("/etc/os-release").is_ok_and(|text| text.lines().any(|line| line == "ID=debian"))
}

/// Installs those of the packages that are missing, bringing the lists up to date once beforehand.
pub(super) fn install(packages: &[&str]) -> Result<()> {
    let missing: Vec<&str> = packages.iter().copied().filter(|package| !is_installed(package)).collect();
    let packages = missing.as_slice();
    if packages.is_empty() {
        return Ok(());
    }
    if !usable() {
        return Err(Failure::with_remedy(
            format!("missing Debian packages: {}", packages.join(" ")),
            format!("as root, run: apt-get install {}", packages.join(" ")),
        ));
    }
    let mut updated = UPDATED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if !*updated {
        process::run(apt().args(["-qq", "update"]), "apt-get update").map_err(explain)?;
        *updated = true;
    }
    let mut command = apt();
    command.args(["-qq", "install", "--yes", "--no-install-recommends"]).args(packages);
    // dpkg reports each package on standard output; only its errors are of interest here.
    command.stdout(std::process::Stdio::null());
    process::run(&mut command, &format!("apt-get install {}", packages.join(" "))).map_err(explain)
}

fn is_installed(package: &str) -> bool {
    let mut query = Command::new("dpkg-query");
    query.args(["--show", "--showformat=${db:Status-Status}", package]);
    process::capture(&mut query, "dpkg-query").is_ok_and(|status| status == "installed")
}

fn apt() -> Command {
    let mut command = Command::new("apt-get");
    // Another installation may hold the lock for a while.
    command.args(["-o", "DPkg::Lock::Timeout=300", "-o", "APT::Color=0"]);
    // Nobody is asked anything, so that a warning that questions come late would only puzzle.
    command.env("DEBIAN_FRONTEND", "noninteractive").env("DEBCONF_NOWARNINGS", "yes");
    command
}

fn explain(failure: Failure) -> Failure {
    match failure {
        Failure::Interrupted => failure,
        _ => Failure::with_remedy(
            failure.to_string(),
            "read apt's message above; without a network, connect and run the command again",
        ),
    }
}

/// Whether this program runs as root.
#[cfg(unix)]
pub(super) fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

#[cfg(not(unix))]
pub(super) fn is_root() -> bool {
    false
}
