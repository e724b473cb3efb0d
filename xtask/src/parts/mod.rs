//! `cargo xtask test`: the named parts, run in order, and the table of what came of them.

mod browser;
mod lint;
mod native;
mod npm;
mod selection;
mod shared_memory;
mod system;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crate::context::Context;
use crate::failure::{Failure, Result};
use crate::setup::{self, BrowserKind, Need};
use crate::{app, process, say, size, tidy};

/// One part of the tests.
struct Part {
    name: &'static str,
    about: &'static str,
    needs: &'static [Need],
    run: fn(&Context) -> Result<()>,
}

/// Run without a name, in this order: what fails soonest first.
const QUICK: [Part; 12] = [
    Part { name: "fmt", about: "the code is formatted", needs: &[], run: lint::fmt },
    Part { name: "tidy", about: "the structure holds", needs: &[], run: tidy::part },
    Part { name: "clippy", about: "no lint, native and wasm", needs: &[Need::WasmTarget], run: lint::clippy },
    Part {
        name: "rustdoc",
        about: "the documentation builds",
        needs: &[Need::WasmTarget],
        run: lint::rustdoc,
    },
    Part { name: "native", about: "tests on the host", needs: &[], run: native::tests },
    Part {
        name: "doctests",
        about: "examples in the documentation",
        needs: BROWSER_BUILD,
        run: native::doctests,
    },
    Part {
        name: "features",
        about: "each feature alone compiles",
        needs: &[Need::WasmTarget],
        run: native::features,
    },
    Part { name: "wasm", about: "tests in headless Chromium", needs: BROWSER_TESTS, run: wasm_part },
    Part {
        name: "npm",
        about: "the npm package, beside the browser's own class and in projects",
        needs: NPM_TESTS,
        run: |context| npm::tests(context, BrowserKind::Chromium),
    },
    Part { name: "app", about: "the app builds", needs: &app::NEEDS, run: app_part },
    Part {
        name: "size",
        about: "the downloads stay within their budgets",
        needs: &setup::DEFAULT,
        run: size::part,
    },
    Part {
        name: "system",
        about: "everything together, in a browser",
        needs: &setup::DEFAULT,
        run: system::chromium,
    },
];

/// Run by name only.
const SLOW: [Part; 7] = [
    Part {
        name: "firefox",
        about: "the wasm tests and the whole system in headless Firefox",
        needs: FIREFOX_TESTS,
        run: firefox_part,
    },
    Part {
        name: "webkit",
        about: "the wasm tests, the npm package and the whole system in WebKitGTK, blocked site data aside",
        needs: WEBKIT_TESTS,
        run: webkit_part,
    },
    Part {
        name: "shared-memory",
        about: "the client's tests in a build for threads, in headless Chromium",
        needs: SHARED_MEMORY_TESTS,
        run: shared_memory::chromium,
    },
    Part {
        name: "delivery",
        about: "nothing lost over faults and kills, whole: ten clients and three browsers",
        needs: &setup::DEFAULT,
        run: system::delivery,
    },
    Part {
        name: "speed-truth",
        about: "the speed test shows what lines of fourteen kinds carry, and keeps to its time",
        needs: &setup::DEFAULT,
        run: system::speed_truth,
    },
    Part {
        name: "leaks",
        about: "ten thousand connections, one after another, leave nothing behind in headless Chromium",
        needs: BROWSER_TESTS,
        run: browser::leaks,
    },
    Part {
        name: "npm-firefox",
        about: "the npm package, beside the class of headless Firefox",
        needs: NPM_FIREFOX_TESTS,
        run: |context| npm::tests(context, BrowserKind::Firefox),
    },
];

const BROWSER_BUILD: &[Need] = &[Need::WasmTarget, Need::WasmBindgen];
const BROWSER_TESTS: &[Need] = &[Need::WasmTarget, Need::WasmBindgen, Need::Chromium];
const NPM_TESTS: &[Need] =
    &[Need::WasmTarget, Need::WasmBindgen, Need::WasmOpt, Need::NpmPackages, Need::NewerNode, Need::Chromium];
const NPM_FIREFOX_TESTS: &[Need] =
    &[Need::WasmTarget, Need::WasmBindgen, Need::WasmOpt, Need::NpmPackages, Need::NewerNode, Need::Firefox];
const SHARED_MEMORY_TESTS: &[Need] = &[Need::WasmTarget, Need::StdSources, Need::WasmBindgen, Need::Chromium];
const FIREFOX_TESTS: &[Need] =
    &[Need::WasmTarget, Need::Trunk, Need::WasmBindgen, Need::WasmOpt, Need::Firefox, Need::Nginx, Need::Axe];
const WEBKIT_TESTS: &[Need] = &[
    Need::WasmTarget,
    Need::Trunk,
    Need::WasmBindgen,
    Need::WasmOpt,
    Need::NpmPackages,
    Need::NewerNode,
    Need::WebKit,
    Need::Nginx,
    Need::Axe,
];

/// What came of a part.
#[derive(Debug)]
enum Outcome {
    Passed,
    Failed(Failure),
}

/// Runs the named parts, or all quick ones, and prints the table. A failed part is a failure at the end.
pub(crate) fn run(context: &Context, names: &[String]) -> Result<()> {
    let parts = choose(names)?;
    let needs: BTreeSet<Need> = parts.iter().flat_map(|part| part.needs).copied().collect();
    let mut rows = Vec::new();
    let started = Instant::now();
    let unmet = setup::provide(&needs, &context.workspace, &context.toolbox, false)?;
    for part in parts {
        say::progress(format_args!("\n=== {}: {}", part.name, part.about));
        let started = Instant::now();
        let outcome = match unmet.among(part.needs) {
            Some((need, failure)) => Err(failure.clone().within(&format!("{} is missing", need.name()))),
            None => (part.run)(context),
        };
        let outcome = match outcome {
            Ok(()) => Outcome::Passed,
            Err(_) if process::interrupted() => return Err(Failure::Interrupted),
            Err(failure) => {
                say::progress(format_args!("=== {} FAILED: {failure}", part.name));
                Outcome::Failed(failure)
            }
        };
        rows.push((part.name, outcome, started.elapsed()));
    }
    say::result(report(&rows, started.elapsed()));
    // The table has said it all.
    if rows.iter().all(|(_, outcome, _)| matches!(outcome, Outcome::Passed)) {
        Ok(())
    } else {
        Err(Failure::Reported)
    }
}

/// The names and meanings of all parts, for the help text.
pub(crate) fn list() -> String {
    let line = |part: &Part| format!("  {:<15}{}\n", part.name, part.about);
    let quick: String = QUICK.iter().map(line).collect();
    let slow: String = SLOW.iter().map(line).collect();
    format!("Parts of test, in this order:\n{quick}By name only:\n{slow}")
}

fn choose(names: &[String]) -> Result<Vec<&'static Part>> {
    if names.is_empty() {
        return Ok(QUICK.iter().collect());
    }
    let find = |name: &String| {
        QUICK.iter().chain(&SLOW).find(|part| part.name == name).ok_or_else(|| {
            let all: Vec<&str> = QUICK.iter().chain(&SLOW).map(|part| part.name).collect();
            Failure::new(format!("there is no part `{name}` of test; the parts are {}", all.join(", ")))
        })
    };
    names.iter().map(find).collect()
}

/// The table, what failed first, and as the last line the count.
fn report(rows: &[(&'static str, Outcome, Duration)], took: Duration) -> String {
    let mut lines = vec![String::new()];
    for (name, outcome, took) in rows {
        let word = if matches!(outcome, Outcome::Passed) { "ok" } else { "FAILED" };
        lines.push(format!("{name:<14} {word:<7} {:>6.1} s", took.as_secs_f64()));
    }
    lines.push(format!("{:<14} {:<7} {:>6.1} s", "all", "", took.as_secs_f64()));
    let failed = |(name, outcome, _): &(&'static str, Outcome, Duration)| match outcome {
        Outcome::Failed(failure) => Some((*name, failure.to_string())),
        Outcome::Passed => None,
    };
    let failed: Vec<_> = rows.iter().filter_map(failed).collect();
    if let Some((name, failure)) = failed.first() {
        lines.push(format!("failed first: {name}: {failure}"));
        lines.push(format!("run it alone with: cargo xtask test {name}"));
    }
    lines.push(format!("{} passed, {} failed", rows.len() - failed.len(), failed.len()));
    lines.join("\n")
}

fn wasm_part(context: &Context) -> Result<()> {
    browser::tests(context, BrowserKind::Chromium)
}

fn app_part(context: &Context) -> Result<()> {
    app::built(context).map(|_| ())
}

fn firefox_part(context: &Context) -> Result<()> {
    let kind = BrowserKind::Firefox;
    lint::both(browser::tests(context, kind), || system::other(context, kind))
}

fn webkit_part(context: &Context) -> Result<()> {
    let kind = BrowserKind::WebKit;
    let libraries = lint::both(browser::tests(context, kind), || npm::tests(context, kind));
    lint::both(libraries, || system::other(context, kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_part_is_refused_with_the_names_of_all() {
        let failure = choose(&["wsam".to_owned()]).err().unwrap();
        assert!(failure.to_string().contains("no part `wsam`"), "{failure}");
        assert!(failure.to_string().contains("wasm, npm, app"), "{failure}");
    }

    #[test]
    fn slow_parts_run_by_name_only() {
        for slow in SLOW {
            assert!(choose(&[]).unwrap().iter().all(|part| part.name != slow.name));
            assert_eq!(choose(&[slow.name.to_owned()]).unwrap().len(), 1);
        }
    }

    #[test]
    fn the_table_names_what_failed_first_and_ends_with_the_count_alone() {
        let row = |name, outcome| (name, outcome, Duration::from_millis(1500));
        let good = report(&[row("fmt", Outcome::Passed)], Duration::ZERO);
        assert!(good.contains("fmt            ok         1.5 s"), "{good}");
        assert_eq!(good.lines().last(), Some("1 passed, 0 failed"));
        let failed = |why: &str| Outcome::Failed(Failure::new(why));
        let rows = [row("fmt", Outcome::Passed), row("tidy", failed("one")), row("wasm", failed("two"))];
        let bad = report(&rows, Duration::ZERO);
        assert!(bad.contains("failed first: tidy: one"), "{bad}");
        assert_eq!(bad.lines().last(), Some("1 passed, 2 failed"));
    }
}
