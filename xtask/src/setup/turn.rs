//! One setup at a time: two commands that install into the same folder of tools would spoil one another's work.

use std::fs::{File, TryLockError};

use crate::failure::{Context, Result};
use crate::say;
use crate::toolbox::Toolbox;

/// Held while something is installed; given back when it is dropped, or when this program ends however it does.
#[derive(Debug)]
pub(super) struct Turn {
    _lock: File,
}

impl Turn {
    /// Waits until no other command installs anything.
    pub(super) fn wait(toolbox: &Toolbox) -> Result<Self> {
        let folder = &toolbox.folder;
        std::fs::create_dir_all(folder).context(|| format!("make the folder {}", folder.display()))?;
        let path = folder.join("setup.lock");
        let file = File::create(&path).context(|| format!("make the file {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                say::progress("setup: another command is installing tools; waiting for it");
                file.lock().context(|| format!("lock the file {}", path.display()))?;
            }
            Err(TryLockError::Error(error)) => {
                Err(error).context(|| format!("lock the file {}", path.display()))?;
            }
        }
        Ok(Self { _lock: file })
    }
}
