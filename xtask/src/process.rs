//! Child processes: started in groups of their own, and none of them left behind.
//!
//! Every child leads its own process group and is registered here until it has been waited for, so that
//! an interrupt, a failure or the end of this program can stop it together with whatever it started.

use std::collections::BTreeSet;
use std::io::Read;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::failure::{Failure, Result};
use crate::process_tree::{self, Tell};
use crate::{say, scratch};

/// How long a child has to end by itself after an interrupt, before it is told to terminate.
const GRACE: Duration = Duration::from_secs(15);
/// How often a stopping child is looked at.
const STEP: Duration = Duration::from_millis(25);

/// What is left after the friendly words.
const KILL: (Tell, Duration) = (Tell::Kill, GRACE);

static GROUPS: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());
static INTERRUPTS: AtomicUsize = AtomicUsize::new(0);
static STOPPING: AtomicBool = AtomicBool::new(false);

/// Makes Ctrl-C, SIGTERM and SIGHUP stop every child before this program ends.
pub(crate) fn watch_interrupts() -> Result<()> {
    process_tree::adopt_orphans();
    ctrlc::set_handler(|| {
        // A second Ctrl-C means: do not wait any longer.
        if INTERRUPTS.fetch_add(1, Ordering::SeqCst) == 0 {
            std::thread::spawn(|| {
                say::progress("\nxtask: stopping; Ctrl-C again to kill");
                stop_all();
                scratch::clean();
                std::process::exit(130);
            });
        }
    })
    .map_err(|error| Failure::new(format!("could not watch for Ctrl-C: {error}")))
}

/// Whether an interrupt has come; the children are being stopped then.
pub(crate) fn interrupted() -> bool {
    INTERRUPTS.load(Ordering::SeqCst) > 0
}

/// Stops whatever is still running. Called once more at the end of the program.
pub(crate) fn stop_all() {
    STOPPING.store(true, Ordering::SeqCst);
    let groups: Vec<u32> = groups().iter().copied().collect();
    stop(&groups, process_tree::descendants, &[(Tell::Interrupt, GRACE), (Tell::Terminate, GRACE / 5), KILL]);
}

/// Runs a program to its end, its output going where ours goes. Anything but success is a failure.
pub(crate) fn run(command: &mut Command, what: &str) -> Result<()> {
    let status = Process::start(command, what)?.wait()?;
    success(status, what)
}

/// Runs a program to its end and hands back what it wrote to standard output.
pub(crate) fn capture(command: &mut Command, what: &str) -> Result<String> {
    let mut process = Process::start(command.stdout(Stdio::piped()).stderr(Stdio::null()), what)?;
    let mut text = Vec::new();
    if let Some(mut out) = process.child.stdout.take() {
        out.read_to_end(&mut text).map_err(|error| Failure::new(format!("{what}: {error}")))?;
    }
    let status = process.wait()?;
    success(status, what)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

fn success(status: ExitStatus, what: &str) -> Result<()> {
    if interrupted() {
        return Err(Failure::Interrupted);
    }
    if status.success() {
        return Ok(());
    }
    Err(Failure::new(match status.code() {
        Some(code) => format!("{what} failed with exit code {code}"),
        None => format!("{what} was ended by a signal ({status})"),
    }))
}

/// A child and all it started; dropping it stops them.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    what: String,
    ended: Option<ExitStatus>,
}

impl Process {
    /// Starts a program at the head of its own process group, without standard input.
    pub(crate) fn start(command: &mut Command, what: &str) -> Result<Self> {
        command.stdin(Stdio::null());
        process_tree::lead_group(command);
        // Held over the spawn, so that an interrupt can't fall between the start and the registration.
        let mut groups = groups();
        if STOPPING.load(Ordering::SeqCst) {
            return Err(Failure::Interrupted);
        }
        let child = command.spawn().map_err(|error| {
            let program = command.get_program().to_string_lossy().into_owned();
            match error.kind() {
                std::io::ErrorKind::NotFound => Failure::with_remedy(
                    format!("{what}: the program `{program}` was not found"),
                    "run `cargo xtask setup`, or install it and put it in PATH",
                ),
                _ => Failure::new(format!("{what}: could not start `{program}`: {error}")),
            }
        })?;
        groups.insert(child.id());
        Ok(Self { child, what: what.to_owned(), ended: None })
    }

    /// Standard output of a child that was started with it piped.
    pub(crate) fn take_stdout(&mut self) -> Option<std::process::ChildStdout> {
        self.child.stdout.take()
    }

    /// What this process was started as.
    pub(crate) fn what(&self) -> &str {
        &self.what
    }

    /// Waits for the end.
    pub(crate) fn wait(&mut self) -> Result<ExitStatus> {
        let status = self.child.wait();
        self.note(status)
    }

    /// Whether it has ended already.
    pub(crate) fn poll(&mut self) -> Result<Option<ExitStatus>> {
        match self.child.try_wait() {
            Ok(None) => Ok(None),
            Ok(Some(status)) => self.note(Ok(status)).map(Some),
            Err(error) => self.note(Err(error)).map(Some),
        }
    }

    /// Stops it and whatever it started, and waits until all of it is gone.
    pub(crate) fn stop(&mut self) {
        if self.ended.is_none() {
            let id = self.child.id();
            stop(&[id], || process_tree::descendants_of(id), &[(Tell::Terminate, GRACE), KILL]);
            let _ = self.wait();
        }
    }

    fn note(&mut self, status: std::io::Result<ExitStatus>) -> Result<ExitStatus> {
        let id = self.child.id();
        // The leader is gone; what it left in its group is not wanted either.
        if self.ended.is_none() && process_tree::group_exists(id) {
            process_tree::signal_group(id, Tell::Terminate);
        }
        groups().remove(&id);
        let status = status.map_err(|error| Failure::new(format!("{}: {error}", self.what)))?;
        self.ended = Some(status);
        Ok(status)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Tells the groups and the other processes one thing after another, each with its time to obey, until all are gone.
fn stop(groups: &[u32], others: impl Fn() -> Vec<u32>, steps: &[(Tell, Duration)]) {
    let alive = || groups.iter().any(|group| process_tree::group_exists(*group)) || !others().is_empty();
    for (tell, patience) in steps {
        let strays = others();
        groups.iter().for_each(|group| process_tree::signal_group(*group, *tell));
        strays.iter().for_each(|process| process_tree::signal(*process, *tell));
        let mut waited = Duration::ZERO;
        while alive() && waited < *patience {
            if INTERRUPTS.load(Ordering::SeqCst) > 1 && *tell != Tell::Kill {
                break;
            }
            std::thread::sleep(STEP);
            waited += STEP;
        }
        if !alive() {
            return;
        }
    }
    say::progress(format_args!("xtask: these processes could not be stopped: {groups:?} {:?}", others()));
}

fn groups() -> MutexGuard<'static, BTreeSet<u32>> {
    GROUPS.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_failure_names_the_step_and_the_exit_code() {
        assert!(run(&mut shell("exit 0"), "it").is_ok());
        assert_eq!(run(&mut shell("exit 3"), "it").unwrap_err().to_string(), "it failed with exit code 3");
        assert!(run(&mut shell("kill -9 $$"), "it").unwrap_err().to_string().contains("by a signal"));
    }

    #[test]
    fn a_program_that_is_not_there_is_named_with_the_remedy() {
        let failure = run(&mut Command::new("no-such-program"), "the step").unwrap_err().to_string();
        assert!(failure.contains("the step: the program `no-such-program` was not found"), "{failure}");
        assert!(failure.contains("cargo xtask setup"), "{failure}");
    }

    #[test]
    fn the_output_of_a_program_is_captured_without_its_errors() {
        assert_eq!(capture(&mut shell("echo out; echo err >&2"), "it").unwrap(), "out\n");
    }

    #[test]
    fn what_a_child_started_ends_with_it() {
        let mut command = shell("sleep 600 & sleep 600 & echo $!; wait");
        let mut process = Process::start(command.stdout(Stdio::piped()), "it").unwrap();
        let group = process.child.id();
        let mut first = [0];
        process.take_stdout().unwrap().read_exact(&mut first).unwrap();
        assert!(process_tree::group_exists(group));
        assert!(process.poll().unwrap().is_none());
        drop(process);
        assert!(!process_tree::group_exists(group));
    }

    #[test]
    fn a_child_that_will_not_listen_is_killed() {
        let mut command = shell("trap '' TERM INT; echo ready; while :; do sleep 600; done");
        let mut process = Process::start(command.stdout(Stdio::piped()), "it").unwrap();
        let mut first = [0];
        process.take_stdout().unwrap().read_exact(&mut first).unwrap();
        let id = process.child.id();
        stop(&[id], Vec::new, &[(Tell::Terminate, STEP * 4), KILL]);
        assert!(!process_tree::group_exists(id));
    }

    #[test]
    fn what_a_leader_left_in_its_group_ends_too() {
        let mut process = Process::start(&mut shell("sleep 600 & exit 0"), "it").unwrap();
        let group = process.child.id();
        process.wait().unwrap();
        stop(&[group], Vec::new, &[KILL]);
        assert!(!process_tree::group_exists(group));
    }
}
