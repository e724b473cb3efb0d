//! What the standard library does at a panic, in a wasm module: it formats the message for standard error, which a browser
//! does not have, and ends the program with the instruction `unreachable`. Here that instruction comes at once.

use std::path::Path;

use crate::failure::{Context as _, Failure, Result};

/// How the first line of a function begins in WebAssembly's text format, as wasm-opt writes it.
const FUNCTION: &str = " (func $";
/// The line after a function's last one.
const END: &str = " )";
/// The instruction that a function ends with which does not return.
const UNREACHABLE: &str = "(unreachable)";
/// The crates of the standard library, whose names have a hash after them.
const CRATES: [&str; 3] = ["core[", "alloc[", "std["];
/// Functions that only panic and whose names do not say it.
const OTHERS: [&str; 3] = ["handle_error", "handle_alloc_error", "capacity_overflow"];

/// Cuts a module in text format with the functions' names. It is an error if nothing is found.
pub(crate) fn cut(module: &Path) -> Result<()> {
    let text = std::fs::read_to_string(module).context(|| format!("read {}", module.display()))?;
    let (text, found) = without_messages(&text);
    if found == 0 {
        return Err(Failure::new(format!("{} has no function that panics", module.display())));
    }
    std::fs::write(module, text).context(|| format!("write {}", module.display()))
}

/// The module whose panicking functions do nothing but end the program, and how many there are.
fn without_messages(text: &str) -> (String, usize) {
    let (mut out, mut found) = (String::new(), 0);
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        out.extend([line, "\n"]);
        if !line.strip_prefix(FUNCTION).is_some_and(panics) {
            continue;
        }
        let body: Vec<&str> = lines.by_ref().take_while(|line| *line != END).collect();
        // It does not return, by its last instruction.
        if body.last().is_some_and(|line| line.trim() == UNREACHABLE) {
            found += 1;
            out.extend(["  ", UNREACHABLE, "\n"]);
        } else {
            body.iter().for_each(|line| out.extend([line, "\n"]));
        }
        out.extend([END, "\n"]);
    }
    (out, found)
}

/// Whether a function, by the start of its line, is one of the standard library's that only panic.
fn panics(line: &str) -> bool {
    let Some((name, _)) = line.strip_prefix('"').and_then(|line| line.split_once('"')) else { return false };
    let name = name.trim_start_matches('<');
    let last = name.rsplit("::").next().unwrap_or_default();
    CRATES.iter().any(|of| name.starts_with(of))
        && (name.contains("]::panicking::")
            || last.starts_with("panic_")
            || last.ends_with("_fail")
            || last.ends_with("_failed")
            || OTHERS.contains(&last))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODULE: &str = r#"(module
 (func $"core[12f8]::panicking::panic_fmt" (param $0 i32)
  (local $1 i32)
  (call $print)
  (unreachable)
 )
 (func $"std[465a]::panicking::panic_count::is_zero" (result i32)
  (i32.const 1)
 )
 (func $"app::fail" (param $0 i32)
  (call $print)
  (unreachable)
 )
)
"#;

    #[test]
    fn a_function_that_panics_only_ends_the_program() {
        let (text, found) = without_messages(MODULE);
        assert_eq!(found, 1);
        assert_eq!(text, MODULE.replacen("  (local $1 i32)\n  (call $print)\n", "", 1));
    }

    #[test]
    fn the_functions_are_known_by_their_names() {
        for name in [
            "core[1]::panicking::panic_const::panic_const_div_by_zero",
            "core[1]::panicking::assert_failed::<usize, usize>",
            "core[1]::cell::panic_already_borrowed",
            "core[1]::slice::index::slice_index_fail",
            "core[1]::option::unwrap_failed",
            "<alloc[4]::vec::Vec<_, _>>::remove::assert_failed",
            "alloc[4]::raw_vec::capacity_overflow",
        ] {
            assert!(panics(&format!("\"{name}\" (param $0 i32)")), "{name}");
        }
        for name in ["app::unwrap_failed", "core[1]::fmt::write", "alloc[4]::vec::Vec<_>::reserve"] {
            assert!(!panics(&format!("\"{name}\" (param $0 i32)")), "{name}");
        }
        assert!(!panics("poll (param $0 i32)"));
    }

    #[test]
    fn a_module_in_which_nothing_is_found_is_an_error() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "(module\n)\n").unwrap();
        assert!(cut(file.path()).is_err());
    }
}
