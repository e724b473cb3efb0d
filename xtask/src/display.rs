//! A display without a screen, for a browser that has no headless mode.

use std::process::{Command, Stdio};

use crate::failure::Result;
use crate::server::Server;
use crate::toolbox::Toolbox;

/// The X server that keeps its picture in memory.
const PROGRAM: &str = "Xvfb";

/// A running display; dropping it ends it.
#[derive(Debug)]
pub(crate) struct Display(Server);

impl Display {
    /// Whether displays can be started here.
    pub(crate) fn is_available(toolbox: &Toolbox) -> bool {
        toolbox.find(&[PROGRAM]).is_some()
    }

    /// Starts a display under the first number that is free.
    pub(crate) fn start(toolbox: &Toolbox) -> Result<Self> {
        let mut command = toolbox.command(PROGRAM);
        // It prints the number on standard output when it is ready, and stays when its last window has closed.
        command.args(["-displayfd", "1", "-noreset", "-nolisten", "tcp", "-screen", "0", "1280x1024x24"]);
        command.stderr(Stdio::null());
        Server::start_after(&mut command, PROGRAM, "").map(Self)
    }

    /// Makes a command draw to this display.
    pub(crate) fn apply(&self, command: &mut Command) {
        command.env("DISPLAY", format!(":{}", self.0.address)).env_remove("WAYLAND_DISPLAY");
    }
}
