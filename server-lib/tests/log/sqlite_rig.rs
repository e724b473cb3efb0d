//! The log over SQLite under test, in a folder of its own.

use std::path::PathBuf;
use std::sync::Arc;

use rejoin_server::log::{Log, SqliteLog, SqliteOptions};
use tempfile::TempDir;

use crate::rig::{Rig, Settings};

pub(crate) struct SqliteRig {
    settings: Settings,
    folder: TempDir,
    log: SqliteLog,
    backups: u32,
}

impl SqliteRig {
    fn path(&self) -> PathBuf {
        self.folder.path().join("log.db")
    }

    fn options(settings: &Settings) -> SqliteOptions {
        let mut options = SqliteOptions::default();
        options.retention = settings.retention;
        options.clock = settings.clock();
        options
    }
}

impl Rig for SqliteRig {
    type Saved = Arc<PathBuf>;
    // Each has many restarts, and each of those waits for the disk.
    const HISTORIES: u64 = 3;

    async fn open(settings: Settings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = SqliteLog::open(folder.path().join("log.db"), Self::options(&settings)).unwrap();
        Self { settings, folder, log, backups: 0 }
    }

    fn settings(&mut self) -> &mut Settings {
        &mut self.settings
    }

    fn log(&self) -> &dyn Log {
        &self.log
    }

    fn writer(&self) -> Box<dyn Log> {
        Box::new(self.log.writer().unwrap())
    }

    async fn restart(&mut self) {
        self.log.close().await;
        self.log = SqliteLog::open(self.path(), Self::options(&self.settings)).unwrap();
    }

    async fn backup(&mut self) -> Arc<PathBuf> {
        self.backups += 1;
        let copy = self.folder.path().join(format!("backup {}.db", self.backups));
        let store = rusqlite::Connection::open(self.path()).unwrap();
        store.execute("VACUUM INTO ?1", [copy.to_str().unwrap()]).unwrap();
        Arc::new(copy)
    }

    async fn restore(&mut self, saved: Arc<PathBuf>) {
        self.log.close().await;
        // Closed, the file alone is the store.
        for left in ["log.db-wal", "log.db-shm"] {
            assert!(!self.folder.path().join(left).exists(), "{left} is left");
        }
        std::fs::copy(&*saved, self.path()).unwrap();
        self.log = SqliteLog::open(self.path(), Self::options(&self.settings)).unwrap();
    }
}
