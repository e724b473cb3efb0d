//! What the operating system knows of process groups and descendants, and how to signal them.

use std::process::Command;

/// What a process is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tell {
    /// End in order, as after Ctrl-C.
    Interrupt,
    /// End now.
    Terminate,
    /// Be ended.
    Kill,
}

pub(crate) use system::{adopt_orphans, descendants_of, group_exists, lead_group, signal, signal_group};

/// Every live descendant of this program, however it was started.
pub(crate) fn descendants() -> Vec<u32> {
    descendants_of(std::process::id())
}

#[cfg(unix)]
mod system {
    use std::os::unix::process::CommandExt;

    use nix::sys::signal::{Signal, kill, killpg};
    use nix::unistd::Pid;

    use super::{Command, Tell};

    /// Makes the child the leader of a new process group.
    pub(crate) fn lead_group(command: &mut Command) {
        command.process_group(0);
    }

    /// On Linux a browser that left its group still counts as ours: its orphans become our children.
    pub(crate) fn adopt_orphans() {
        #[cfg(target_os = "linux")]
        if let Err(error) = nix::sys::prctl::set_child_subreaper(true) {
            crate::say::progress(format_args!("xtask: orphaned processes can't be adopted: {error}"));
        }
    }

    fn name(tell: Tell) -> Signal {
        match tell {
            Tell::Interrupt => Signal::SIGINT,
            Tell::Terminate => Signal::SIGTERM,
            Tell::Kill => Signal::SIGKILL,
        }
    }

    fn pid(process: u32) -> Option<Pid> {
        i32::try_from(process).ok().filter(|id| *id > 1).map(Pid::from_raw)
    }

    /// Signals a group; one that is gone already needs no signal.
    pub(crate) fn signal_group(group: u32, tell: Tell) {
        if let Some(pid) = pid(group) {
            let _ = killpg(pid, name(tell));
        }
    }

    /// Signals one process; one that is gone already needs no signal.
    pub(crate) fn signal(process: u32, tell: Tell) {
        if let Some(pid) = pid(process) {
            let _ = kill(pid, name(tell));
        }
    }

    /// Whether a process of this group runs. A zombie does not, but only /proc can tell.
    pub(crate) fn group_exists(group: u32) -> bool {
        let known = pid(group).is_some_and(|pid| killpg(pid, None).is_ok());
        if cfg!(target_os = "linux") { known && live().any(|p| p.group == group) } else { known }
    }

    /// The live descendants of a process, found through their parents.
    pub(crate) fn descendants_of(ancestor: u32) -> Vec<u32> {
        let all: Vec<Live> = live().collect();
        let mut found = vec![ancestor];
        let mut next = 0;
        while let Some(parent) = found.get(next).copied() {
            found.extend(all.iter().filter(|p| p.parent == parent).map(|p| p.id));
            next += 1;
        }
        found.remove(0);
        found
    }

    /// A process that is no zombie.
    struct Live {
        id: u32,
        parent: u32,
        group: u32,
    }

    fn live() -> impl Iterator<Item = Live> {
        let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        entries.filter_map(|entry| {
            let id = entry.file_name().to_str()?.parse().ok()?;
            let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
            // The name is in parentheses and may hold anything, so the fields are counted from its end.
            let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
            let state = fields.next()?;
            let parent = fields.next()?.parse().ok()?;
            let group = fields.next()?.parse().ok()?;
            (!matches!(state, "Z" | "X")).then_some(Live { id, parent, group })
        })
    }
}

#[cfg(not(unix))]
mod system {
    use super::{Command, Tell};

    /// Windows ends a tree by its root, so that nothing has to be set up.
    pub(crate) fn lead_group(_: &mut Command) {}

    /// Nothing to adopt: `taskkill` walks the tree.
    pub(crate) fn adopt_orphans() {}

    /// Ends the tree below a process.
    pub(crate) fn signal_group(group: u32, tell: Tell) {
        signal(group, tell);
    }

    /// Ends the tree below a process. A console program hears Ctrl-C by itself, so only force is left.
    pub(crate) fn signal(process: u32, tell: Tell) {
        if tell != Tell::Interrupt {
            let id = process.to_string();
            let _ = Command::new("taskkill").args(["/T", "/F", "/PID", &id]).output();
        }
    }

    /// Whether the process is still listed.
    pub(crate) fn group_exists(group: u32) -> bool {
        let filter = format!("PID eq {group}");
        Command::new("tasklist")
            .args(["/NH", "/FI", &filter])
            .output()
            .is_ok_and(|out| String::from_utf8_lossy(&out.stdout).contains(&group.to_string()))
    }

    /// Not needed here: the groups cover the trees.
    pub(crate) fn descendants_of(_: u32) -> Vec<u32> {
        Vec::new()
    }
}
