//! Links in Markdown to files of the project lead somewhere.

use std::path::Path;

use super::{Finding, Text};

/// Checks every Markdown file.
pub(super) fn check(root: &Path, texts: &[Text]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for text in texts.iter().filter(|text| text.kind() == "md") {
        let folder = root.join(&text.path).parent().map(Path::to_owned).unwrap_or_default();
        let mut fenced = false;
        for (number, line) in text.lines() {
            if line.trim_start().starts_with("```") {
                fenced = !fenced;
            }
            if fenced {
                continue;
            }
            for target in targets(line).filter(|target| is_local(target)) {
                let path = target.split('#').next().unwrap_or_default().replace("%20", " ");
                if path.starts_with('/') {
                    findings.push(Finding::line(
                        &text.path,
                        number,
                        format!("the link `{target}` is not relative"),
                    ));
                } else if !folder.join(&path).exists() {
                    findings.push(Finding::line(
                        &text.path,
                        number,
                        format!("the link `{target}` leads nowhere"),
                    ));
                }
            }
        }
    }
    findings
}

/// What the links in a line point to: `[text](target "title")` and `[name]: target`.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    let plain = without_code(line);
    let inline = line.match_indices("](").filter(move |(at, _)| plain.get(*at).copied().unwrap_or(false));
    let inline = inline.filter_map(|(at, _)| {
        let rest = &line[at + 2..];
        rest.split(')').next()
    });
    let definition = line.strip_prefix('[').and_then(|rest| rest.split_once("]: ")).map(|(_, target)| target);
    inline.chain(definition).filter_map(|target| target.split_whitespace().next())
}

/// For each byte of the line, whether it lies outside of `code`.
fn without_code(line: &str) -> Vec<bool> {
    let mut outside = true;
    let flip = |byte: u8| {
        if byte == b'`' {
            outside = !outside;
        }
        outside
    };
    line.bytes().map(flip).collect()
}

fn is_local(target: &str) -> bool {
    let scheme = target.split_once(':').is_some_and(|(scheme, _)| {
        !scheme.is_empty() && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    });
    !scheme && !target.starts_with('#') && !target.starts_with("//")
}

#[cfg(test)]
mod tests {
    use super::super::tests::text;
    use super::*;

    fn lines_found(content: &str) -> Vec<usize> {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("docs")).unwrap();
        std::fs::write(dir.path().join("docs/there.md"), "").unwrap();
        std::fs::write(dir.path().join("top.md"), "").unwrap();
        check(dir.path(), &[text("docs/a.md", content)])
            .into_iter()
            .filter_map(|finding| finding.line)
            .collect()
    }

    #[test]
    fn links_to_files_that_exist_and_to_elsewhere_pass() {
        let content = "[a](there.md) [b](../top.md#part \"Title\")\n[c](https://example.org/x) [d](#here)\n\
                       [e]: there.md\n<mailto:a@example.org> [f](mailto:a@example.org)\n";
        assert_eq!(lines_found(content), [] as [usize; 0]);
    }

    #[test]
    fn links_that_lead_nowhere_are_found_with_their_line() {
        assert_eq!(
            lines_found("fine\n[a](gone.md)\n[b](there.md) [c](gone.md#x)\n[d]: gone.md\n[e](/top.md)\n"),
            [2, 3, 4, 5]
        );
    }

    #[test]
    fn code_is_not_a_link() {
        assert_eq!(lines_found("`[a](gone.md)`\n```\n[b](gone.md)\n```\n[c](gone.md)\n"), [5]);
    }
}
