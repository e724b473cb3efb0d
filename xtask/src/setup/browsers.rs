//! Browsers and their drivers, for the tests that need one.

use std::env;
use std::path::PathBuf;

use crate::failure::{Failure, Result};
use crate::toolbox::Toolbox;
use crate::workspace::Workspace;

use super::{State, apt, cargo_tools};

/// A browser and the driver that remote-controls it.
#[derive(Debug, Clone)]
pub(crate) struct Browser {
    /// The browser's program.
    pub(crate) program: PathBuf,
    /// The driver's program.
    pub(crate) driver: PathBuf,
}

/// Chromium or Chrome: `$REJOIN_CHROMIUM` and `$CHROMEDRIVER`, else the first in PATH.
pub(crate) fn chromium(toolbox: &Toolbox) -> Option<Browser> {
    let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];
    Some(Browser {
        program: program(toolbox, "REJOIN_CHROMIUM", &names, CHROMIUM_PLACES)?,
        driver: program(toolbox, "CHROMEDRIVER", &["chromedriver"], &[])?,
    })
}

/// Firefox: `$REJOIN_FIREFOX` and `$GECKODRIVER`, else the first in PATH.
pub(crate) fn firefox(toolbox: &Toolbox) -> Option<Browser> {
    Some(Browser {
        program: program(toolbox, "REJOIN_FIREFOX", &["firefox", "firefox-esr"], FIREFOX_PLACES)?,
        driver: program(toolbox, "GECKODRIVER", &["geckodriver"], &[])?,
    })
}

/// Where macOS keeps them.
const CHROMIUM_PLACES: &[&str] = &[
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];
const FIREFOX_PLACES: &[&str] = &["/Applications/Firefox.app/Contents/MacOS/firefox"];

fn program(toolbox: &Toolbox, variable: &str, names: &[&str], places: &[&str]) -> Option<PathBuf> {
    match env::var_os(variable) {
        Some(path) => Some(PathBuf::from(path)),
        None => {
            toolbox.find(names).or_else(|| places.iter().map(PathBuf::from).find(|place| place.is_file()))
        }
    }
}

/// Chromium and a driver of the same main version.
pub(super) fn check_chromium(toolbox: &Toolbox) -> State {
    let Some(browser) = chromium(toolbox) else {
        return State::Missing("Chromium or its driver is not installed".to_owned());
    };
    match (toolbox.version_of(&browser.program), toolbox.version_of(&browser.driver)) {
        (Some(version), Some(driver)) if main(&version) == main(&driver) => {
            State::Ready(format!("chromium {version}, its driver too"))
        }
        (Some(version), Some(driver)) => {
            State::Missing(format!("the driver {driver} does not fit the browser {version}"))
        }
        (None, _) => State::Missing(format!("{} does not run", browser.program.display())),
        (_, None) => State::Missing(format!("{} does not run", browser.driver.display())),
    }
}

/// Firefox and the pinned driver.
pub(super) fn check_firefox(workspace: &Workspace, toolbox: &Toolbox) -> Result<State> {
    if let State::Missing(why) = cargo_tools::geckodriver(workspace)?.check(toolbox)? {
        return Ok(State::Missing(why));
    }
    Ok(match firefox(toolbox).and_then(|browser| toolbox.version_of(browser.program)) {
        Some(version) => State::Ready(format!("firefox {version}, with its driver")),
        None => State::Missing("Firefox is not installed or does not run".to_owned()),
    })
}

/// What will be done about a missing browser.
pub(super) fn plan(what: &str, time: &str) -> String {
    if apt::usable() {
        format!("installing {what}, about {time}")
    } else {
        "it can't be installed from here".to_owned()
    }
}

/// Installs Chromium and its driver from Debian.
pub(super) fn install_chromium(_: &Toolbox) -> Result<()> {
    if apt::is_debian() {
        return apt::install(&["chromium", "chromium-driver"]);
    }
    Err(Failure::with_remedy(
        "Chromium and its driver are needed to test in a browser",
        "install Chromium or Google Chrome, and ChromeDriver of the same main version; put both in PATH or set REJOIN_CHROMIUM and CHROMEDRIVER to them",
    ))
}

/// Installs Firefox from Debian, and the driver by cargo.
pub(super) fn install_firefox(workspace: &Workspace, toolbox: &Toolbox) -> Result<()> {
    let driver = cargo_tools::geckodriver(workspace)?;
    if let State::Missing(_) = driver.check(toolbox)? {
        driver.install(toolbox)?;
    }
    if firefox(toolbox).is_some() {
        return Ok(());
    }
    if apt::is_debian() {
        return apt::install(&["firefox-esr"]);
    }
    Err(Failure::with_remedy(
        "Firefox is needed to test in it",
        "install Firefox and put it in PATH, or set REJOIN_FIREFOX to it",
    ))
}

fn main(version: &str) -> &str {
    version.split('.').next().unwrap_or(version)
}
