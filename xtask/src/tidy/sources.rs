//! Rust files: each opens by saying what it owns, and none grows beyond what one can keep in mind.

use super::{Finding, Text};

/// The most lines that a file may have.
const MOST_LINES: usize = 400;

/// Checks every Rust file.
pub(super) fn check(texts: &[Text]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for text in texts.iter().filter(|text| text.kind() == "rs") {
        let opening = text.text.lines().find(|line| !line.trim().is_empty() && !line.starts_with("#!["));
        if !opening.is_some_and(|line| line.starts_with("//!")) {
            findings.push(Finding::file(
                &text.path,
                "does not open with a `//!` line that says what the file owns",
            ));
        }
        let lines = text.text.lines().count();
        if lines > MOST_LINES {
            let what = format!(
                "has {lines} lines, {MOST_LINES} at most: move one of its concepts to a file of its own"
            );
            findings.push(Finding::file(&text.path, what));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::tests::text;
    use super::*;

    #[test]
    fn a_file_that_does_not_say_what_it_owns_is_found() {
        let good = text("a.rs", "//! Owns a.\n");
        let attributed = text("b.rs", "#![no_std]\n\n//! Owns b.\n");
        let bad = text("c.rs", "use std::io;\n//! Too late.\n");
        let empty = text("d.rs", "");
        let found = check(&[good, attributed, bad.clone(), empty.clone(), text("e.md", "no source")]);
        assert_eq!(found.iter().map(|f| &f.path).collect::<Vec<_>>(), [&bad.path, &empty.path]);
    }

    #[test]
    fn a_file_of_more_than_four_hundred_lines_is_found() {
        let just = text("a.rs", &format!("//! A.\n{}", "//\n".repeat(399)));
        let over = text("b.rs", &format!("//! B.\n{}", "//\n".repeat(400)));
        let found = check(&[just, over]);
        assert_eq!(found.len(), 1);
        assert!(found[0].to_string().starts_with("b.rs: has 401 lines"), "{}", found[0]);
    }
}
