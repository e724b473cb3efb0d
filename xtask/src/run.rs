//! `cargo xtask run`: builds the app and the server, and serves the one with the other.

use std::ffi::OsString;

use crate::context::Context;
use crate::failure::{Failure, Result};
use crate::server::Server;
use crate::{app, say, server};

/// Serves the app until the server ends or is interrupted. `arguments` go to the server as they are.
pub(crate) fn run(context: &Context, arguments: &[OsString]) -> Result<()> {
    context.provide(&app::NEEDS)?;
    say::progress("run: building the app and the server; the first time takes some minutes");
    let dist = app::built(context)?;
    // An optimised server, because the speed test measures it too.
    let binary = context.build_binary("demo-server", "demo-server", true)?;
    let mut command = context.toolbox.command(binary);
    command.env("REJOIN_APP", dist).args(arguments);
    server::keep_rooms(&mut command, &context.workspace.target);
    let server = match Server::start(&mut command, "demo-server") {
        // It was only asked a question, such as --help.
        Err(Failure::Ended { code: 0, .. }) => return Ok(()),
        other => other?,
    };
    say::result(format_args!("listening on {}", server.address));
    say::progress("run: open the address in a browser; Ctrl-C ends the server");
    server.wait()
}
