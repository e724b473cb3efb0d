//! Words that have no place in the project: paths of one machine, hosts of registries, notes to oneself.
//!
//! This file names them and is the only one that may.

use std::path::Path;

use super::{Finding, Text};

/// This file, and the licences, whose words are not ours.
const EXEMPT: [&str; 3] = ["xtask/src/tidy/words.rs", "LICENSE-APACHE", "LICENSE-MIT"];
/// Beginnings of paths that exist on one machine only.
const MACHINE_PATHS: [&str; 5] = ["/work/", "/root/", "/home/", "/Users/", "C:\\Users\\"];
/// Hosts that a client of a registry is set up with, and that nobody has to know.
const REGISTRY_HOSTS: [&str; 7] = [
    concat!("registry.npmjs", ".org"),
    concat!("index.crates", ".io"),
    concat!("static.crates", ".io"),
    concat!("deb.debian", ".org"),
    concat!("security.debian", ".org"),
    concat!("pypi", ".org"),
    "files.pythonhosted.org",
];
/// Where the crates in Cargo.lock may come from.
const CRATES: &str = concat!("registry+https://github.com/rust-lang/crates", ".io-index");
/// Where the packages in package-lock.json may come from; a mirror's name in it would break everybody else.
const PACKAGES: &str = concat!("https://registry.npmjs", ".org/");
/// Notes to oneself, and leavings of a search for a bug.
const NOTES: [&str; 5] = ["TODO", "FIXME", "XXX", "dbg!(", "console.log("];
/// What a note to oneself is looked for in.
const CODE: [&str; 8] = ["rs", "toml", "html", "css", "js", "mjs", "ts", "run"];

/// Checks every text.
pub(super) fn check(texts: &[Text]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for text in texts.iter().filter(|text| !EXEMPT.iter().any(|exempt| text.path == Path::new(exempt))) {
        let lock = text.path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        for (number, line) in text.lines() {
            let what = match lock {
                "Cargo.lock" => foreign_crate(line),
                "package-lock.json" => foreign_package(line),
                _ => machine_path(line).or_else(|| registry_host(line)).or_else(|| note(text.kind(), line)),
            };
            findings.extend(what.map(|what| Finding::line(&text.path, number, what)));
        }
    }
    findings
}

fn machine_path(line: &str) -> Option<String> {
    MACHINE_PATHS.iter().find_map(|path| {
        let (before, after) = line.split_once(path)?;
        // `target/work/` and `https://host/home/` are no paths of a machine.
        let whole = !before.ends_with(|c: char| c.is_alphanumeric() || "._-})]>*".contains(c));
        let named = after.starts_with(|c: char| c.is_alphanumeric() || c == '.');
        (whole && named)
            .then(|| format!("`{path}` is a path of one machine: make it relative or configurable"))
    })
}

fn registry_host(line: &str) -> Option<String> {
    let host = REGISTRY_HOSTS.iter().find(|host| line.contains(*host))?;
    Some(format!("names the registry's host {host}: name the registry, not its host"))
}

fn note(kind: &str, line: &str) -> Option<String> {
    if !CODE.contains(&kind) {
        return None;
    }
    NOTES
        .iter()
        .find(|note| has_word(line, note))
        .map(|note| format!("`{note}` is a note to oneself: do it or drop it"))
}

fn foreign_crate(line: &str) -> Option<String> {
    let source = line.strip_prefix("source = ")?.trim_matches('"');
    (source != CRATES).then(|| format!("a crate comes from {source}, not from the public registry"))
}

fn foreign_package(line: &str) -> Option<String> {
    let source = line.trim().strip_prefix("\"resolved\": \"")?;
    (!source.starts_with(PACKAGES))
        .then(|| "a package comes from elsewhere than the public registry".to_owned())
}

fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        let part = |c: char| c.is_alphanumeric() || c == '_';
        !before.is_some_and(part) && (word.ends_with('(') || !after.is_some_and(part))
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::text;
    use super::*;

    fn lines_found(path: &str, content: &str) -> Vec<usize> {
        check(&[text(path, content)]).into_iter().filter_map(|finding| finding.line).collect()
    }

    #[test]
    fn a_path_of_a_machine_is_found_but_not_a_route_or_a_relative_path() {
        let content = "see /work/main\nlet x = \"/root/.cargo\";\n/home/anna/x\nhttps://host/home/anna\ntarget/work/x\n";
        assert_eq!(lines_found("a.md", content), [1, 2, 3]);
        assert_eq!(lines_found("a.rs", "route(\"/home/\")\n"), [] as [usize; 0]);
    }

    #[test]
    fn a_registrys_host_is_found() {
        assert_eq!(lines_found("a.md", concat!("from crates", ".io\nfrom index.crates", ".io\n")), [2]);
    }

    #[test]
    fn a_note_to_oneself_is_found_in_code_as_a_whole_word() {
        let content = "// TODO later\nlet method = TODOS;\ndbg!(x);\n// FIXME\n";
        assert_eq!(lines_found("a.rs", content), [1, 3, 4]);
        assert_eq!(lines_found(".ci/run", "# TODO\n"), [1]);
        assert_eq!(lines_found("a.md", "no TODO is allowed\n"), [] as [usize; 0]);
    }

    #[test]
    fn a_lock_file_with_a_mirror_in_it_is_found() {
        let good = format!("source = \"{CRATES}\"\n");
        assert_eq!(lines_found("Cargo.lock", &good), [] as [usize; 0]);
        assert_eq!(lines_found("Cargo.lock", "source = \"registry+https://mirror.example/index\"\n"), [1]);
        assert_eq!(
            lines_found("npm/package-lock.json", "  \"resolved\": \"https://mirror.example/x.tgz\",\n"),
            [1]
        );
        let good = format!("  \"resolved\": \"{PACKAGES}x.tgz\",\n");
        assert_eq!(lines_found("npm/package-lock.json", &good), [] as [usize; 0]);
    }
}
