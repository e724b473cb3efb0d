//! The names between a wasm module and its glue, which nobody reads: a few letters do.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::context::Context;
use crate::failure::{Context as _, Failure, Result};
use crate::process;

/// The features in use, which the module no longer says itself; what is not among them is refused.
pub(crate) const FEATURES: [&str; 5] = [
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];
/// The new names of what a module and its glue know one another by.
#[derive(Debug, Default)]
struct Names {
    /// Of the module that the imports come from, as a string of the glue.
    module: Option<(String, String)>,
    imports: BTreeMap<String, String>,
    exports: BTreeMap<String, String>,
}

/// Gives a module short names, and the scripts of its glue the same ones. `exports` is how each of these writes the object of
/// the module's exports, with the dot.
pub(crate) fn shorten(context: &Context, module: &Path, glue: &[PathBuf], exports: &str) -> Result<()> {
    let mut opt = context.toolbox.command("wasm-opt");
    // What wasm-opt wrote it can make smaller once more.
    opt.args(FEATURES).args(["-Oz", "--minify-imports-and-exports-and-modules", "-o"]);
    opt.arg(module).arg(module);
    let said = process::capture(&mut opt, "wasm-opt, for short names")?;
    let json: Value = serde_json::from_str(&said)
        .map_err(|error| Failure::new(format!("wasm-opt's list of names is no JSON: {error}")))?;
    let names = Names::read(&json)?;
    let mut found = 0;
    for file in glue {
        let script = std::fs::read_to_string(file).context(|| format!("read {}", file.display()))?;
        let script = names.put(&script, exports, &mut found);
        std::fs::write(file, script).context(|| format!("write {}", file.display()))?;
    }
    let all = names.imports.len();
    if found != all {
        return Err(Failure::new(format!("{found} of the module's {all} imports were found in its glue")));
    }
    Ok(())
}

impl Names {
    fn read(json: &Value) -> Result<Self> {
        let mut names = Self::default();
        let rows = |key: &str| json[key].as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().map(str::to_owned);
        for row in rows("imports") {
            if let (Some(name), Some(short)) = (text(&row[1]), text(&row[2])) {
                names.imports.insert(name, short);
            }
        }
        for row in rows("exports") {
            if let (Some(name), Some(short)) = (text(&row[0]), text(&row[1])) {
                names.exports.insert(name, short);
            }
        }
        let from = json["imports"][0][0].as_str();
        // All imports come from one module, which wasm-opt gives the first of its names.
        names.module = from.map(|from| (from.to_owned(), "a".to_owned()));
        if names.exports.is_empty() {
            return Err(Failure::new("wasm-opt named nothing anew"));
        }
        Ok(names)
    }

    /// A script with the new names. Counts the imports in `found`.
    fn put(&self, script: &str, exports: &str, found: &mut usize) -> String {
        let (mut text, mut rest) = (String::new(), script);
        while let Some(start) = rest.find(starts_a_name) {
            let (before, from) = rest.split_at(start);
            let (name, after) = from.split_at(from.find(|c| !is_of_a_name(c)).unwrap_or(from.len()));
            text.push_str(before);
            let short = if text.ends_with(exports) {
                self.exports.get(name)
            } else {
                // A member of the object of imports.
                self.imports.get(name).filter(|_| after.starts_with(':')).inspect(|_| *found += 1)
            };
            text.push_str(short.map_or(name, String::as_str));
            rest = after;
        }
        text.push_str(rest);
        let Some((from, to)) = &self.module else { return text };
        text.replace(&format!("\"{from}\":"), &format!("\"{to}\":"))
    }
}

fn starts_a_name(c: char) -> bool {
    is_of_a_name(c) && !c.is_ascii_digit()
}

fn is_of_a_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '$'
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = r#"{ "imports": [["./x.js", "__wbg_send_1", "a"]], "exports": [["memory", "b"], ["port_send", "c"]] }"#;

    fn names() -> Names {
        Names::read(&serde_json::from_str(LIST).unwrap()).unwrap()
    }

    #[test]
    fn imports_exports_and_their_module_are_named_anew_and_nothing_else() {
        let glue = "function port_send() { wasm.port_send(wasm.memory.buffer, memory); }\n\
                    const i = { __wbg_send_1: function() {} }; f({ \"./x.js\": i, other: wasm.portly });";
        let short = "function port_send() { wasm.c(wasm.b.buffer, memory); }\n\
                     const i = { a: function() {} }; f({ \"a\": i, other: wasm.portly });";
        let mut found = 0;
        assert_eq!(names().put(glue, "wasm.", &mut found), short);
        assert_eq!(found, 1);
    }

    #[test]
    fn an_import_that_the_glue_does_not_have_is_not_counted_and_a_module_without_exports_is_an_error() {
        let mut found = 0;
        assert_eq!(names().put("this.core.port_send()", "core.", &mut found), "this.core.c()");
        assert_eq!(found, 0);
        assert!(Names::read(&serde_json::json!({})).is_err());
    }
}
