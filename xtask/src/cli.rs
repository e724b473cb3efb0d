//! The command line: which command, with which arguments, and the help text.

use std::ffi::OsString;

use crate::failure::{Failure, Result};
use crate::setup::Need;

/// A command of `cargo xtask`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Command {
    /// Install the tools that are missing, and the optional one that is named.
    Setup(Option<Need>),
    /// Build the app and serve it; the arguments go to the server.
    Run(Vec<OsString>),
    /// Serve and rebuild while the sources change.
    Dev,
    /// Run all quick parts of the tests, or these.
    Test(Vec<String>),
    /// Check the structure of the project.
    Tidy,
    /// Build the npm package.
    Npm,
    /// Measure what a browser downloads.
    Size,
    /// Measure throughput beside others, in so many rounds.
    Bench(u32),
    /// Count what arrives over faults, beside others.
    BenchDelivery,
    /// Measure what idle sessions cost the server.
    BenchIdle,
    /// Print the help text.
    Help,
}

/// The help text, less the parts of `test`.
pub(crate) const HELP: &str = "\
Usage: cargo xtask COMMAND

  setup            install what is missing: wasm target, trunk, wasm-bindgen, wasm-opt, Chromium
  setup firefox    Firefox and its driver as well
  setup webkit     WebKitGTK, its driver and Xvfb as well
  run [OPTION…]    build the app and serve it on 127.0.0.1:8080; the options go to demo-server,
                   e.g. --listen 127.0.0.1:9000
  dev              the app on port 8081 and demo-server on 8080, both rebuilt when a file changes
  test [PART…]     every quick check, or the named parts
  tidy             check the structure of the project
  npm              build the npm package into target/npm, for `npm pack`
  size             build the smallest clients and the app, print what a browser downloads
  bench [ROUNDS]   throughput in Chromium beside raw JavaScript and gloo-net, 9 rounds by default
  bench delivery   what is lost over faults, beside reconnecting-websocket and Socket.IO
  bench idle       what 2,000 idle sessions cost the server
  help             this text

Environment: REJOIN_TOOLS, the folder for tools; REJOIN_WASM_TOOLCHAIN, the name of the linked toolchain;
REJOIN_CHROMIUM, CHROMEDRIVER, REJOIN_FIREFOX, GECKODRIVER, REJOIN_WEBKIT and WEBKITDRIVER, programs that
are not in PATH.
";

/// Reads the arguments after the program's name.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command> {
    use lexopt::Arg::{Long, Short, Value};

    let mut parser = lexopt::Parser::from_args(arguments);
    let name = match parser.next().map_err(refuse)? {
        None | Some(Long("help") | Short('h')) => return Ok(Command::Help),
        Some(Value(name)) => name.to_string_lossy().into_owned(),
        Some(other) => return Err(refuse(other.unexpected())),
    };
    if name == "run" {
        return Ok(Command::Run(parser.raw_args().map_err(refuse)?.collect()));
    }
    let mut rest = Vec::new();
    while let Some(argument) = parser.next().map_err(refuse)? {
        match argument {
            Value(value) => rest.push(value.to_string_lossy().into_owned()),
            Long("help") | Short('h') => return Ok(Command::Help),
            other => return Err(refuse(other.unexpected())),
        }
    }
    match (name.as_str(), rest.as_slice()) {
        ("test", _) => Ok(Command::Test(rest)),
        ("setup", []) => Ok(Command::Setup(None)),
        ("setup", [what]) if what == "firefox" => Ok(Command::Setup(Some(Need::Firefox))),
        ("setup", [what]) if what == "webkit" => Ok(Command::Setup(Some(Need::WebKit))),
        ("dev", []) => Ok(Command::Dev),
        ("tidy", []) => Ok(Command::Tidy),
        ("npm", []) => Ok(Command::Npm),
        ("size", []) => Ok(Command::Size),
        ("help", []) => Ok(Command::Help),
        ("bench", []) => Ok(Command::Bench(9)),
        ("bench", [what]) if what == "delivery" => Ok(Command::BenchDelivery),
        ("bench", [what]) if what == "idle" => Ok(Command::BenchIdle),
        ("bench", [rounds]) => match rounds.parse() {
            Ok(rounds) if rounds > 0 => Ok(Command::Bench(rounds)),
            _ => Err(refuse(format!(
                "`{rounds}` is no number of rounds, which is 1 or more, and neither delivery nor idle"
            ))),
        },
        ("setup" | "dev" | "tidy" | "npm" | "size" | "help", [extra, ..]) => {
            Err(refuse(format!("`{name}` takes no argument `{extra}`")))
        }
        _ => Err(refuse(format!("there is no command `{name}`"))),
    }
}

fn refuse(why: impl std::fmt::Display) -> Failure {
    Failure::with_remedy(why.to_string(), "see `cargo xtask help`")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Command> {
        parse(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn each_command_is_known_by_its_name() {
        assert_eq!(parsed("setup").unwrap(), Command::Setup(None));
        assert_eq!(parsed("setup firefox").unwrap(), Command::Setup(Some(Need::Firefox)));
        assert_eq!(parsed("setup webkit").unwrap(), Command::Setup(Some(Need::WebKit)));
        assert_eq!(parsed("test").unwrap(), Command::Test(vec![]));
        assert_eq!(parsed("test fmt tidy").unwrap(), Command::Test(vec!["fmt".into(), "tidy".into()]));
        assert_eq!(parsed("").unwrap(), Command::Help);
        assert_eq!(parsed("test --help").unwrap(), Command::Help);
    }

    #[test]
    fn the_options_of_run_go_to_the_server_untouched() {
        let expected = ["--listen", "127.0.0.1:0", "--classic=chat", "--help"].map(OsString::from);
        assert_eq!(
            parsed("run --listen 127.0.0.1:0 --classic=chat --help").unwrap(),
            Command::Run(expected.to_vec())
        );
    }

    #[test]
    fn what_is_not_known_is_named() {
        assert!(parsed("tset").unwrap_err().to_string().contains("no command `tset`"));
        assert!(parsed("tidy now").unwrap_err().to_string().contains("`tidy` takes no argument `now`"));
        assert!(parsed("--fast").unwrap_err().to_string().contains("--fast"));
        assert!(parsed("test --fast").unwrap_err().to_string().contains("--fast"));
    }
}
