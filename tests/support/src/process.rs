//! What a process holds and has done, as Linux says in `/proc`.

use std::io::{self, ErrorKind};
use std::time::Duration;

/// A unit of time in `/proc/PID/stat`: Linux shows a hundred in a second, whatever its timer does.
const TICK: Duration = Duration::from_millis(10);

/// A process. Every question about one that has ended is an error, as is any on another system than Linux.
#[derive(Debug, Clone, Copy)]
pub struct Process {
    id: u32,
}

impl Process {
    /// A process by its number.
    #[must_use]
    pub fn new(id: u32) -> Self {
        Self { id }
    }

    /// The one that asks.
    #[must_use]
    pub fn own() -> Self {
        Self::new(std::process::id())
    }

    /// Bytes of its memory that are resident now.
    ///
    /// # Errors
    /// There is no such process, or no `/proc`.
    pub fn resident_bytes(self) -> io::Result<u64> {
        self.kibibytes("VmRSS:")
    }

    /// The most bytes that have been resident so far.
    ///
    /// # Errors
    /// There is no such process, or no `/proc`.
    pub fn most_resident_bytes(self) -> io::Result<u64> {
        self.kibibytes("VmHWM:")
    }

    /// How long its threads have been on a processor, those that have ended too, to 10 ms.
    ///
    /// # Errors
    /// There is no such process, or no `/proc`.
    pub fn cpu_time(self) -> io::Result<Duration> {
        let stat = self.read("stat")?;
        // The name in parentheses may hold spaces; user and system time are the 12th and 13th field behind it.
        let fields = stat.rsplit_once(')').map(|(_, fields)| fields.split_whitespace().skip(11).take(2));
        let ticks: Option<Vec<u32>> =
            fields.and_then(|fields| fields.map(|ticks| ticks.parse().ok()).collect());
        match ticks.as_deref() {
            Some([user, system]) => Ok(TICK * *user + TICK * *system),
            _ => Err(unknown(&stat)),
        }
    }

    fn kibibytes(self, name: &str) -> io::Result<u64> {
        let status = self.read("status")?;
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        kibibytes.map(|kibibytes| kibibytes << 10).ok_or_else(|| unknown(&status))
    }

    fn read(self, file: &str) -> io::Result<String> {
        std::fs::read_to_string(format!("/proc/{}/{file}", self.id))
    }
}

fn unknown(text: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, format!("/proc says something else: {text}"))
}
