//! A folder for what browsers and tests put into the temporary folder and leave there; it goes with this program.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use crate::failure::{Context, Result};
use crate::say;

/// What a temporary folder is called by: on Unix, and on Windows.
const VARIABLES: [&str; 3] = ["TMPDIR", "TEMP", "TMP"];

static FOLDER: Mutex<Option<PathBuf>> = Mutex::new(None);

/// Makes a command, and all that it starts, use the folder for temporary files.
pub(crate) fn apply(command: &mut Command) -> Result<()> {
    let mut kept = FOLDER.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = match &*kept {
        Some(folder) => folder,
        None => kept.insert(make()?),
    };
    for variable in VARIABLES {
        command.env(variable, folder);
    }
    Ok(())
}

/// Removes the folder. For the end, when no child is left that writes into it.
pub(crate) fn clean() {
    let mut kept = FOLDER.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(folder) = kept.take()
        && let Err(error) = std::fs::remove_dir_all(&folder)
    {
        say::progress(format_args!("xtask: could not remove {}: {error}", folder.display()));
    }
}

/// Makes a folder that was not there. Not below `target`, for Chromium has a socket in it, whose path must be short.
fn make() -> Result<PathBuf> {
    const MANY: u32 = 100;
    let mut number = 0;
    loop {
        let folder = std::env::temp_dir().join(format!("rejoin-{}-{number}", std::process::id()));
        match std::fs::create_dir(&folder) {
            // Left by a program of this id that was killed, or put there by another user.
            Err(error) if error.kind() == ErrorKind::AlreadyExists && number < MANY => number += 1,
            outcome => {
                outcome.context(|| format!("make the folder {}", folder.display()))?;
                return Ok(folder);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_puts_temporary_files_where_they_are_removed_at_the_end() {
        let mut command = Command::new("it");
        apply(&mut command).unwrap();
        let value = command.get_envs().find(|(name, _)| *name == "TMPDIR").and_then(|(_, value)| value);
        let folder = PathBuf::from(value.unwrap());
        std::fs::write(folder.join("left"), "").unwrap();
        let mut second = Command::new("it");
        apply(&mut second).unwrap();
        assert!(second.get_envs().any(|(_, value)| value == Some(folder.as_os_str())), "one for all");
        clean();
        assert!(!folder.exists());
    }
}
