//! What a program prints, line by line, to be waited for.

use std::io::{BufRead, BufReader, Read};
use std::thread;

use tokio::sync::watch;
use tokio::time::timeout;

use super::PATIENCE;

/// The lines that a stream has brought so far.
#[derive(Debug, Clone)]
pub(crate) struct Lines {
    seen: watch::Receiver<Vec<String>>,
}

impl Lines {
    /// Reads a stream to its end, in a thread, so that its writer never waits for the test.
    pub(crate) fn of(stream: impl Read + Send + 'static) -> Self {
        let (sender, seen) = watch::channel(Vec::new());
        thread::spawn(move || {
            let mut stream = BufReader::new(stream);
            let mut line = Vec::new();
            while stream.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
                let text = String::from_utf8_lossy(&line).trim_end().to_owned();
                sender.send_modify(|lines| lines.push(text));
                line.clear();
            }
        });
        Self { seen }
    }

    /// What a line says after `prefix`, once there is such a line.
    pub(crate) async fn after(&self, prefix: &str) -> String {
        let found = self.after_or_ended(prefix).await;
        found.unwrap_or_else(|| {
            panic!("the program has ended without a line with {prefix:?}:\n{}", self.text())
        })
    }

    /// The same, or nothing if the program ends without such a line.
    pub(crate) async fn after_or_ended(&self, prefix: &str) -> Option<String> {
        let mut seen = self.seen.clone();
        let found = |lines: &[String]| lines.iter().find_map(|l| Some(l.split_once(prefix)?.1.to_owned()));
        match timeout(PATIENCE, seen.wait_for(|lines| found(lines).is_some())).await {
            Ok(Ok(lines)) => found(&lines),
            Ok(Err(_)) => None,
            Err(_) => panic!("no line with {prefix:?} in {PATIENCE:?}:\n{}", self.text()),
        }
    }

    /// How many lines contain `what`.
    pub(crate) fn count(&self, what: &str) -> usize {
        self.seen.borrow().iter().filter(|line| line.contains(what)).count()
    }

    /// All of them.
    pub(crate) fn text(&self) -> String {
        self.seen.borrow().join("\n")
    }
}
