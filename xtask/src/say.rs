//! What this program prints: progress on standard error, results on standard output.

use std::fmt::Display;
use std::io::Write;

/// A line of progress. A reader that has gone away is no reason to stop.
pub(crate) fn progress(line: impl Display) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// A line of the result that was asked for.
pub(crate) fn result(line: impl Display) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}");
    let _ = out.flush();
}
