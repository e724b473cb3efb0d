//! The log over SQLite and other processes: killed ones, and those that come too late.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Lines, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use rejoin_protocol::wire::{Answer, Position};
use rejoin_server::log::{Blame, Log, LogError, Piece, SqliteLog, SqliteOptions};

use crate::rig::{append, publication};

const FILE: &str = "REJOIN_TEST_LOG";
const FIRST: &str = "REJOIN_TEST_FIRST";
/// Publications that the child has under way.
const UNDER_WAY: usize = 64;

/// A child process: this test binary again, which runs [`child`] alone.
struct Process {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    _stdin: ChildStdin,
}

impl Process {
    fn start(file: &Path, first: u64) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "sqlite_processes::child", "--ignored", "--nocapture"]);
        command.env(FILE, file).env(FIRST, first.to_string());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let _stdin = child.stdin.take().unwrap();
        Self { child, lines, _stdin }
    }

    /// The next number that the child says was answered.
    fn answered(&mut self) -> Option<u64> {
        let mut lines = self.lines.by_ref().map_while(Result::ok);
        lines.find_map(|line| line.strip_prefix("answered ")?.parse().ok())
    }

    /// Ends it at once, as `kill -9` does; the numbers that it had still said were answered.
    fn kill(mut self) -> Vec<u64> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        std::iter::from_fn(|| self.answered()).collect()
    }
}

/// Publishes without end, and says each number when it was answered. It ends when it is killed, or its parent is.
#[test]
#[ignore = "the child process of other tests"]
fn child() {
    let Some(file) = std::env::var_os(FILE) else { return };
    std::thread::spawn(|| {
        let mut nothing = Vec::new();
        std::io::stdin().read_to_end(&mut nothing).unwrap();
        std::process::exit(0);
    });
    let first: u64 = std::env::var(FIRST).unwrap().parse().unwrap();
    let log = SqliteLog::open(file, SqliteOptions::default()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let mut under_way = VecDeque::new();
        for number in first.. {
            let mut publication = publication(number, "a publication of a process that is killed");
            publication.settled = number.saturating_sub(UNDER_WAY as u64 + 1);
            under_way.push_back((number, log.append(publication)));
            if under_way.len() < UNDER_WAY {
                continue;
            }
            let Some((number, begun)) = under_way.pop_front() else { continue };
            let answer = begun.await.unwrap();
            assert!(matches!(answer, Answer::Appended(_) | Answer::Already(_)), "{answer:?}");
            let mut out = std::io::stdout().lock();
            writeln!(out, "answered {number}").unwrap();
            out.flush().unwrap();
        }
    });
}

async fn numbers(log: &dyn Log) -> Vec<u64> {
    let (mut numbers, mut behind) = (Vec::new(), Position::default());
    loop {
        let Ok(Piece::Entries(entries)) = log.read("room", behind, usize::MAX).await else {
            panic!("no entries");
        };
        let Some(last) = entries.last() else { return numbers };
        behind = last.position;
        numbers.extend(entries.iter().map(|entry| entry.number));
    }
}

#[tokio::test]
async fn what_a_killed_process_was_answered_is_there_and_nothing_is_there_twice() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("log.db");
    let mut next = 0;
    for _ in 0..4 {
        let mut process = Process::start(&file, next);
        for _ in 0..500 {
            assert_eq!(process.answered(), Some(next));
            next += 1;
        }
        // It is in the middle of its next commits.
        if let Some(last) = process.kill().last() {
            next = last + 1;
        }
        let log = SqliteLog::open(&file, SqliteOptions::default()).unwrap();
        let numbers = numbers(&log).await;
        assert_eq!(numbers, (0..numbers.len() as u64).collect::<Vec<_>>());
        assert!(numbers.len() as u64 >= next, "{} entries, but {next} were answered", numbers.len());
        log.close().await;
        // The next child begins with the lowest number that is unanswered, whether it was appended or not.
    }
}

#[tokio::test]
async fn a_second_log_over_the_same_file_is_refused_until_the_first_has_gone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("log.db");
    let mut process = Process::start(&file, 0);
    assert_eq!(process.answered(), Some(0));
    let error = SqliteLog::open(&file, SqliteOptions::default()).unwrap_err();
    assert_eq!(error, LogError::InUse(file.display().to_string().into()));
    assert_eq!((error.blame(), error.is_retryable()), (Blame::Program, true));
    assert!(error.to_string().contains("another log has"), "{error}");
    process.kill();
    let log = SqliteLog::open(&file, SqliteOptions::default()).unwrap();
    // In the same process it is no different.
    assert!(matches!(SqliteLog::open(&file, SqliteOptions::default()), Err(LogError::InUse(_))));
    let other = rejoin_server::log::Append { channel: "other".into(), ..publication(0, "x") };
    append(&log, other).await;
}
