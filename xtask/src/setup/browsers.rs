//! Browsers and their drivers, for the tests that need one.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::display::Display;
use crate::failure::{Failure, Result};
use crate::process;
use crate::toolbox::{self, Toolbox};
use crate::workspace::Workspace;

use super::{State, apt, cargo_tools};

/// A browser that tests run in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BrowserKind {
    /// Chromium or Chrome.
    Chromium,
    /// Firefox.
    Firefox,
    /// WebKitGTK in its own small browser: Safari's engine, without Apple's network and media.
    WebKit,
}

const KINDS: [BrowserKind; 3] = [BrowserKind::Chromium, BrowserKind::Firefox, BrowserKind::WebKit];

impl BrowserKind {
    /// What it is called in messages.
    fn name(self) -> &'static str {
        match self {
            Self::Chromium => "Chromium",
            Self::Firefox => "Firefox",
            Self::WebKit => "WebKit",
        }
    }

    /// The command that installs it.
    fn remedy(self) -> &'static str {
        match self {
            Self::Chromium => "run `cargo xtask setup`",
            Self::Firefox => "run `cargo xtask setup firefox`",
            Self::WebKit => "run `cargo xtask setup webkit`",
        }
    }

    /// The variables that name its program and its driver.
    fn variables(self) -> (&'static str, &'static str) {
        match self {
            Self::Chromium => ("REJOIN_CHROMIUM", "CHROMEDRIVER"),
            Self::Firefox => ("REJOIN_FIREFOX", "GECKODRIVER"),
            Self::WebKit => ("REJOIN_WEBKIT", "WEBKITDRIVER"),
        }
    }

    /// The variable by which the runner of wasm-bindgen's tests knows the driver. WebKit's takes the commands of
    /// Safari's, and starts the browser that it was built with.
    pub(crate) fn runner_variable(self) -> &'static str {
        match self {
            Self::WebKit => "SAFARIDRIVER",
            Self::Chromium | Self::Firefox => self.variables().1,
        }
    }

    /// This browser: what its variables name, else the first in PATH or where it is usually installed.
    pub(crate) fn find(self, toolbox: &Toolbox) -> Option<Browser> {
        let (programs, drivers, places): (&[&str], &[&str], _) = match self {
            Self::Chromium => {
                (&CHROMIUM_NAMES, &["chromedriver"], CHROMIUM_PLACES.map(PathBuf::from).to_vec())
            }
            Self::Firefox => {
                (&["firefox", "firefox-esr"], &["geckodriver"], FIREFOX_PLACES.map(PathBuf::from).to_vec())
            }
            Self::WebKit => (&["MiniBrowser"], &["WebKitWebDriver"], webkit_places()),
        };
        let (program, driver) = self.variables();
        Some(Browser {
            kind: self,
            program: find(toolbox, program, programs, &places)?,
            driver: find(toolbox, driver, drivers, &[])?,
        })
    }

    /// This browser, or a failure that says how to install it.
    pub(crate) fn require(self, toolbox: &Toolbox) -> Result<Browser> {
        self.find(toolbox).ok_or_else(|| {
            Failure::with_remedy(format!("{} or its driver was not found", self.name()), self.remedy())
        })
    }
}

/// A browser and the driver that remote-controls it.
#[derive(Debug, Clone)]
pub(crate) struct Browser {
    /// Which it is.
    pub(crate) kind: BrowserKind,
    /// The browser's program.
    pub(crate) program: PathBuf,
    /// The driver's program.
    pub(crate) driver: PathBuf,
}

impl Browser {
    /// Names this browser, and no other, to a command that starts it. WebKit gets a display, which ends when the
    /// result is dropped.
    pub(crate) fn prepare(&self, toolbox: &Toolbox, command: &mut Command) -> Result<Option<Display>> {
        for kind in KINDS {
            let (program, driver) = kind.variables();
            command.env_remove(program).env_remove(driver);
        }
        let (program, driver) = self.kind.variables();
        command.env(program, &self.program).env(driver, &self.driver);
        if self.kind != BrowserKind::WebKit {
            return Ok(None);
        }
        let display = Display::start(toolbox)?;
        display.apply(command);
        if apt::is_root() {
            // Its sandbox needs a user's own namespaces, which root does not get.
            command.env("WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS", "1");
        }
        // There is no graphics card to share buffers with.
        command.env("WEBKIT_DISABLE_DMABUF_RENDERER", "1").env("LIBGL_ALWAYS_SOFTWARE", "1");
        Ok(Some(display))
    }
}

const CHROMIUM_NAMES: [&str; 5] =
    ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];
/// Where macOS keeps them.
const CHROMIUM_PLACES: [&str; 2] = [
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];
const FIREFOX_PLACES: [&str; 1] = ["/Applications/Firefox.app/Contents/MacOS/firefox"];

/// Where the distributions keep WebKitGTK's browser, which is not meant for PATH.
fn webkit_places() -> Vec<PathBuf> {
    let debian = format!("/usr/lib/{}-linux-gnu", env::consts::ARCH);
    let folders = [debian.as_str(), "/usr/libexec", "/usr/lib"];
    let versions = ["webkitgtk-6.0", "webkit2gtk-4.1", "webkit2gtk-4.0"];
    let of = |folder| versions.map(|version| Path::new(folder).join(version).join("MiniBrowser"));
    folders.into_iter().flat_map(of).collect()
}

fn find(toolbox: &Toolbox, variable: &str, names: &[&str], places: &[PathBuf]) -> Option<PathBuf> {
    match env::var_os(variable) {
        Some(path) => Some(PathBuf::from(path)),
        None => toolbox.find(names).or_else(|| places.iter().find(|place| place.is_file()).cloned()),
    }
}

/// Chromium and a driver of the same main version.
pub(super) fn check_chromium(toolbox: &Toolbox) -> State {
    let Some(browser) = BrowserKind::Chromium.find(toolbox) else {
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
    Ok(match BrowserKind::Firefox.find(toolbox).and_then(|browser| toolbox.version_of(browser.program)) {
        Some(version) => State::Ready(format!("firefox {version}, with its driver")),
        None => State::Missing("Firefox is not installed or does not run".to_owned()),
    })
}

/// WebKit, its driver and the display that it needs.
pub(super) fn check_webkit(toolbox: &Toolbox) -> Result<State> {
    let Some(browser) = BrowserKind::WebKit.find(toolbox) else {
        return Ok(State::Missing("WebKitGTK's browser or its driver is not installed".to_owned()));
    };
    if !Display::is_available(toolbox) {
        return Ok(State::Missing("Xvfb is not installed".to_owned()));
    }
    // The browser says its version only where there is a display, and the driver says none.
    let mut version = toolbox.command(&browser.program);
    let _display = browser.prepare(toolbox, version.arg("--version"))?;
    match process::capture(&mut version, "MiniBrowser") {
        Ok(text) => Ok(State::Ready(format!(
            "webkitgtk {}, with its driver and Xvfb",
            toolbox::version_in(&text).unwrap_or_default()
        ))),
        Err(Failure::Interrupted) => Err(Failure::Interrupted),
        Err(failure) => Ok(State::Missing(format!("{}: {failure}", browser.program.display()))),
    }
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
    if BrowserKind::Firefox.find(toolbox).is_some() {
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

/// Installs WebKitGTK's browser, its driver and a display without a screen from Debian.
pub(super) fn install_webkit(_: &Toolbox) -> Result<()> {
    if apt::is_debian() {
        return apt::install(&["webkit2gtk-driver", "xvfb"]);
    }
    Err(Failure::with_remedy(
        "WebKitGTK, its driver and Xvfb are needed to test in WebKit, and can be installed on Debian only",
        "install them; put WebKitWebDriver and Xvfb in PATH, or set WEBKITDRIVER to the driver, and REJOIN_WEBKIT to MiniBrowser where that is not found",
    ))
}

fn main(version: &str) -> &str {
    version.split('.').next().unwrap_or(version)
}
