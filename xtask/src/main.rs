//! `cargo xtask`: the commands of this workspace, the same on every machine.

mod app;
mod bench;
mod cli;
mod compress;
mod context;
mod dev;
mod display;
mod failure;
mod names;
mod npm;
mod page;
mod panics;
mod parts;
mod process;
mod process_tree;
mod run;
mod say;
mod scratch;
mod server;
mod setup;
mod size;
mod tidy;
mod toolbox;
mod toolchain;
mod workspace;

use std::process::ExitCode;

use cli::Command;
use context::Context;
use failure::Result;
use setup::Need;

fn main() -> ExitCode {
    let outcome = process::watch_interrupts().and_then(|()| carry_out());
    if process::interrupted() {
        // The thread that stops the children ends this program when all are gone.
        loop {
            std::thread::park();
        }
    }
    process::stop_all();
    scratch::clean();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !matches!(failure, failure::Failure::Reported | failure::Failure::Ended { .. }) {
                say::progress(format_args!("xtask: {failure}"));
            }
            ExitCode::from(failure.exit_code())
        }
    }
}

fn carry_out() -> Result<()> {
    let command = cli::parse(std::env::args_os().skip(1))?;
    if command == Command::Help {
        say::result(format_args!("{}\n{}", cli::HELP, parts::list()));
        return Ok(());
    }
    let context = Context::new()?;
    match command {
        Command::Setup(more) => install(&context, more),
        Command::Run(arguments) => run::run(&context, &arguments),
        Command::Dev => dev::run(&context),
        Command::Test(parts) => parts::run(&context, &parts),
        Command::Tidy => tidy::run(&context),
        Command::Npm => npm::run(&context),
        Command::Size => size::run(&context),
        Command::Bench(rounds) => bench::run(&context, rounds),
        Command::BenchDelivery => bench::delivery(&context),
        Command::BenchIdle => bench::idle(&context),
        Command::Help => Ok(()),
    }
}

fn install(context: &Context, more: Option<Need>) -> Result<()> {
    let needs: std::collections::BTreeSet<Need> = setup::DEFAULT.into_iter().chain(more).collect();
    let unmet = setup::provide(&needs, &context.workspace, &context.toolbox, true)?;
    unmet.into_result()?;
    say::progress("setup: everything is there");
    Ok(())
}
