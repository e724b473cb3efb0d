//! A copy of the built app in which something is different.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::settings;

/// The folder of such a copy, as long as it is held.
#[derive(Debug)]
pub(crate) struct ChangedApp(TempDir);

impl ChangedApp {
    /// With a script that runs before all others. The server's policy lets it, as it does every one that is written in the
    /// document.
    pub(crate) fn with_script(script: &str) -> Self {
        let copy = Self::without(|_| false);
        let index = copy.0.path().join("index.html");
        let html = fs::read_to_string(&index).unwrap();
        assert!(html.contains("<head>"), "{html}");
        fs::write(index, html.replacen("<head>", &format!("<head><script>{script}</script>"), 1)).unwrap();
        copy
    }

    /// Without the files for which `leaves_out` holds.
    pub(crate) fn without(leaves_out: impl Fn(&str) -> bool) -> Self {
        let folder = TempDir::with_prefix("rejoin-app-").unwrap();
        for file in files(&settings::app()) {
            let name = file.strip_prefix(settings::app()).unwrap().to_str().unwrap();
            // A compressed file is that of the unchanged one.
            if !name.ends_with(".br") && !name.ends_with(".gz") && !leaves_out(name) {
                let to = folder.path().join(name);
                fs::create_dir_all(to.parent().unwrap()).unwrap();
                fs::copy(&file, to).unwrap();
            }
        }
        Self(folder)
    }

    pub(crate) fn path(&self) -> &str {
        self.0.path().to_str().unwrap()
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            all.push(path);
        }
    }
    all
}
