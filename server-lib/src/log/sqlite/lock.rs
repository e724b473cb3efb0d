//! The lock: a log has one process, and one writer thread in it.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use crate::log::LogError;

/// Held as long as it exists; the system releases it when the process ends, however it ends.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Locks a file beside the store, whose name ends in `.lock`. SQLite's own locks can't be used: the readers of this
    /// process would be shut out too.
    pub(super) fn take(store: &Path) -> Result<Self, LogError> {
        let mut name = OsString::from(store);
        name.push(".lock");
        let path = PathBuf::from(name);
        let io = |error: std::io::Error| LogError::Io(format!("{}: {error}", path.display()).into());
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).map_err(io)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(LogError::InUse(store.display().to_string().into())),
            Err(TryLockError::Error(error)) => Err(io(error)),
        }
    }
}
