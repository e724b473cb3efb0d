//! `cargo xtask tidy`: holds the structure of the project, so that a breach is seen on the day it is made.

mod browser_modules;
mod layers;
mod links;
mod manifests;
mod sources;
mod tools;
mod words;

use std::fmt;
use std::path::{Path, PathBuf};

use crate::context::Context;
use crate::failure::{Context as _, Failure, Result};
use crate::say;
use crate::workspace::Workspace;

/// A breach: where, what is wrong, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Finding {
    /// The file, relative to the root.
    path: PathBuf,
    /// The line, from 1; none for the file as a whole.
    line: Option<usize>,
    what: String,
}

impl Finding {
    fn file(path: &Path, what: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line: None, what: what.into() }
    }

    fn line(path: &Path, line: usize, what: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line: Some(line), what: what.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.path.display(), self.what),
            None => write!(f, "{}: {}", self.path.display(), self.what),
        }
    }
}

/// A text file of the project, its path relative to the root.
#[derive(Debug, Clone)]
struct Text {
    path: PathBuf,
    text: String,
}

impl Text {
    /// The ending of its name, or the whole name of a file without one.
    fn kind(&self) -> &str {
        let name = self.path.extension().or_else(|| self.path.file_name());
        name.and_then(|kind| kind.to_str()).unwrap_or_default()
    }

    /// Its lines, counted from 1.
    fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.text.lines())
    }
}

/// The command.
pub(crate) fn run(context: &Context) -> Result<()> {
    part(context)?;
    say::result("tidy: the structure holds");
    Ok(())
}

/// The part of `test`.
pub(crate) fn part(context: &Context) -> Result<()> {
    let findings = findings(&context.workspace)?;
    findings.iter().for_each(say::progress);
    match findings.as_slice() {
        [] => Ok(()),
        [one] => Err(Failure::new(one.to_string())),
        [first, ..] => Err(Failure::new(format!("{} breaches, the first in {first}", findings.len()))),
    }
}

fn findings(workspace: &Workspace) -> Result<Vec<Finding>> {
    let texts = texts(&workspace.root)?;
    let mut all = sources::check(&texts);
    all.extend(words::check(&texts));
    all.extend(browser_modules::check(&texts));
    all.extend(links::check(&workspace.root, &texts));
    all.extend(layers::check(workspace));
    all.extend(manifests::check(workspace)?);
    all.extend(tools::check(workspace)?);
    Ok(all)
}

/// Folders whose content is made by tools.
const SKIPPED: [&str; 6] = ["target", "dist", "node_modules", ".git", "corpus", "artifacts"];

/// Every text file below the root that is not made by a tool.
fn texts(root: &Path) -> Result<Vec<Text>> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).context(|| format!("read {}", folder.display()))?;
        for entry in entries {
            let entry = entry.context(|| format!("read {}", folder.display()))?;
            let kind = entry.file_type().context(|| format!("read {}", entry.path().display()))?;
            if SKIPPED.iter().any(|skipped| entry.file_name() == *skipped) {
                continue;
            }
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                let bytes =
                    std::fs::read(entry.path()).context(|| format!("read {}", entry.path().display()))?;
                // What is no UTF-8 is a picture or the like.
                if let Ok(text) = String::from_utf8(bytes) {
                    let path = entry.path().strip_prefix(root).map(Path::to_owned).unwrap_or_default();
                    found.push(Text { path, text });
                }
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of a fixture.
    pub(super) fn text(path: &str, text: &str) -> Text {
        Text { path: PathBuf::from(path), text: text.to_owned() }
    }

    #[test]
    fn what_tools_make_is_not_looked_at() {
        let dir = tempfile::tempdir().unwrap();
        for file in [
            "src/lib.rs",
            "target/debug/x.rs",
            "npm/node_modules/y.js",
            "dist/z.html",
            "fuzz/corpus/q",
            ".ci/run",
        ] {
            let path = dir.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "text").unwrap();
        }
        std::fs::write(dir.path().join("picture.png"), [0xff, 0xfe, 0x00]).unwrap();
        let found: Vec<PathBuf> = texts(dir.path()).unwrap().into_iter().map(|text| text.path).collect();
        assert_eq!(found, [PathBuf::from(".ci/run"), PathBuf::from("src/lib.rs")]);
    }

    #[test]
    fn a_finding_names_the_file_and_the_line() {
        assert_eq!(Finding::line(Path::new("a/b.rs"), 3, "wrong").to_string(), "a/b.rs:3: wrong");
        assert_eq!(Finding::file(Path::new("a/b.rs"), "wrong").to_string(), "a/b.rs: wrong");
    }
}
