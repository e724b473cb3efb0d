//! The speed test's figures compared with what a line of a known rate carried in the same seconds.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rejoin_test_support::proxy::{Direction, Proxy};

use crate::rig::browser::Browser;
use crate::rig::page::Page;
use crate::rig::server::Server;
use crate::speed::choose_kind;

/// How far a shown rate may be from the true one.
const TOLERANCE: f64 = 0.05;
/// By how much a direction, and the whole test, may last longer than chosen, in seconds.
const LATE: f64 = 3.0;
/// How long the idle latency is measured, in seconds.
const IDLE: f64 = 2.0;
/// A line with little in its buffers, and one with megabytes.
const SHORT: usize = 0;
const LONG: usize = 4 << 20;

/// Writes down when which step of the test is the current one, with the page's clock, and the last of all: the test is not
/// looked at from outside while it runs.
const RECORD_STEPS: &str = "window.steps = [];
    const look = () => {
        const step = document.querySelector('.test .step[aria-current=step]')?.textContent.trim() ?? '';
        if ((window.steps.at(-1)?.[0] ?? '') !== step) window.steps.push([step, Date.now()]);
    };
    look();
    new MutationObserver(look).observe(document.querySelector('main'), { subtree: true, childList: true, attributes: true });";

/// What one direction showed and what was true.
struct Measured {
    direction: Direction,
    shown_kilobits: f64,
    true_kilobits: f64,
    seconds: f64,
}

impl Measured {
    fn ratio(&self) -> f64 {
        self.shown_kilobits / self.true_kilobits
    }
}

/// A line of so many kilobits a second, with a buffer of so many bytes, and its round trip in milliseconds.
#[derive(Clone, Copy)]
struct Known {
    kilobits: f64,
    buffer: usize,
    round_trip: u64,
}

const fn line(kilobits: f64, buffer: usize, round_trip: u64) -> Known {
    Known { kilobits, buffer, round_trip }
}

/// Loads the worker before the line is slow: that is not what is measured.
async fn load_worker(page: Page<'_>) {
    choose_kind(page, "Download and upload").await;
    page.press(".test", "Start").await;
    page.shows(".test .step[aria-current=step]", "Latency").await;
    page.press(".test", "Stop").await;
    page.shows(".test", "Stopped").await;
}

impl Known {
    /// The seconds that the result counts, of those chosen: after the warm-up, a fifth and at most two seconds. Where a round
    /// trip takes time, the second half: by then the line is full.
    fn counted(self, chosen: f64) -> (f64, f64) {
        (if self.round_trip > 0 { chosen / 2.0 } else { (chosen * 0.2).min(2.0) }, chosen)
    }
}

/// A run of the test over a line.
struct Run {
    line: Known,
    chosen: f64,
    directions: Vec<Measured>,
    /// From the first step to the end, in seconds.
    whole: f64,
}

impl Run {
    async fn carry_out(line: Known, chosen: u32) -> Self {
        let Known { kilobits, buffer, round_trip } = line;
        let server = Server::start(&[]).await;
        let proxy = Proxy::start_line(server.address, buffer).await.unwrap();
        let browser = Browser::open(&format!("http://{}/speed", proxy.address())).await;
        let page = browser.page();
        load_worker(page).await;
        let choose = "const select = document.querySelector('select.seconds'); select.value = arguments[0];
            select.dispatchEvent(new Event('change', { bubbles: true }))";
        page.script(choose, vec![chosen.to_string().into()]).await;
        proxy.set_rate(Some(kilobits * 125.0));
        proxy.set_delay(Duration::from_millis(round_trip / 2));
        page.script(RECORD_STEPS, vec![]).await;
        page.press(".test", "Start").await;
        let clock = Clock::now();
        // Nothing is asked of the browser while the test runs.
        tokio::time::sleep(Duration::from_secs_f64(IDLE + 2.0 * f64::from(chosen))).await;
        page.until("the test has ended", "return (window.steps.at(-1) ?? ['?'])[0] === ''", &[]).await;
        proxy.set_rate(None);
        proxy.set_delay(Duration::ZERO);
        let shown = page.texts(".tiles dd").await;
        let said = page.text().await;
        assert!(
            shown.len() == 4 && shown[..2].iter().all(|text| text.ends_with("bit/s")),
            "{kilobits} kbit/s: {said}"
        );
        let finished = page.texts(".test [role=status]").await.iter().any(|text| text == "Finished");
        assert!(finished, "{kilobits} kbit/s: {said}");
        let steps = page.script("return window.steps", vec![]).await;
        let moments: Vec<(String, f64)> = serde_json::from_value(steps).unwrap();
        let begins = |name: &str| {
            let at = moments.iter().position(|(step, _)| step == name);
            at.unwrap_or_else(|| panic!("{name}: {moments:?}"))
        };
        let part = |direction, name: &str, shown: &str| {
            let at = begins(name);
            let (from, to) = (moments[at].1, moments[at + 1].1);
            let true_kilobits = truth(&proxy, direction, &clock, from, line.counted(f64::from(chosen)));
            Measured {
                direction,
                shown_kilobits: shown_kilobits(shown),
                true_kilobits,
                seconds: (to - from) / 1_000.0,
            }
        };
        let directions =
            vec![part(Direction::Down, "Download", &shown[0]), part(Direction::Up, "Upload", &shown[1])];
        let whole = (moments.last().unwrap().1 - moments[begins("Latency")].1) / 1_000.0;
        Self { line, chosen: f64::from(chosen), directions, whole }
    }

    fn print(&self) {
        let kind = match self.line {
            Known { buffer, .. } if buffer > SHORT => ", megabytes of buffer".to_owned(),
            Known { round_trip, .. } if round_trip > 0 => format!(", round trip {round_trip} ms"),
            _ => String::new(),
        };
        for it in &self.directions {
            println!(
                "{:>8.0} kbit/s {:<4?} true {:>9.1}  shown {:>9.1}  ratio {:.3}  {:>5.1} s of {:.0} s, whole {:.1} s{kind}",
                self.line.kilobits,
                it.direction,
                it.true_kilobits,
                it.shown_kilobits,
                it.ratio(),
                it.seconds,
                self.chosen,
                self.whole
            );
        }
    }

    /// What is wrong with the shown rates.
    fn wrong_rates(&self) -> Vec<String> {
        let wrong = |it: &&Measured| (it.ratio() - 1.0).abs() > TOLERANCE;
        let text = |it: &Measured| {
            format!(
                "{} kbit/s {:?}: shown {} of {}",
                self.line.kilobits, it.direction, it.shown_kilobits, it.true_kilobits
            )
        };
        self.directions.iter().filter(wrong).map(text).collect()
    }

    /// Which directions did not fill the line.
    fn unfilled(&self) -> Vec<String> {
        let least = self.line.kilobits * (1.0 - TOLERANCE);
        let unfilled = self.directions.iter().filter(|it| it.true_kilobits < least);
        unfilled
            .map(|it| format!("{:?}: {} of {} kbit/s", it.direction, it.true_kilobits, self.line.kilobits))
            .collect()
    }

    /// What is wrong with the times.
    fn wrong_times(&self) -> Vec<String> {
        let times = self.directions.iter().map(|it| (format!("{:?}", it.direction), it.seconds, self.chosen));
        let whole = ("whole".to_owned(), self.whole, IDLE + 2.0 * self.chosen);
        let wrong = |(_, took, chosen): &(String, f64, f64)| (took - chosen).abs() > LATE;
        let text =
            |(what, took, chosen)| format!("{} kbit/s {what}: {took} s of {chosen}", self.line.kilobits);
        times.chain([whole]).filter(wrong).map(text).collect()
    }
}

/// One moment by the clock of the page and by that of the proxy, which run on one machine.
struct Clock {
    wall_ms: f64,
    moment: tokio::time::Instant,
}

impl Clock {
    fn now() -> Self {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        Self { wall_ms: wall.as_secs_f64() * 1_000.0, moment: tokio::time::Instant::now() }
    }

    fn at(&self, wall_ms: f64) -> tokio::time::Instant {
        let ms = wall_ms - self.wall_ms;
        let by = Duration::from_secs_f64(ms.abs() / 1_000.0);
        if ms < 0.0 { self.moment - by } else { self.moment + by }
    }
}

/// What the line carried in these seconds of a direction.
fn truth(proxy: &Proxy, direction: Direction, clock: &Clock, began_ms: f64, (from, to): (f64, f64)) -> f64 {
    let at = |seconds: f64| clock.at(began_ms + seconds * 1_000.0);
    proxy.passed(direction, at(from), at(to)) as f64 * 8.0 / 1_000.0 / (to - from)
}

/// "30.1 kbit/s" or "16.0 Mbit/s" as a number of kilobits.
fn shown_kilobits(text: &str) -> f64 {
    let (number, unit) = text.rsplit_once(' ').unwrap();
    let number: f64 = number.replace('\u{202f}', "").parse().unwrap();
    match unit {
        "kbit/s" => number,
        "Mbit/s" => number * 1_000.0,
        other => panic!("{other}"),
    }
}

/// Every line that `cargo xtask test speed-truth` tries.
const LINES: [Known; 14] = [
    line(30.0, SHORT, 0),
    line(64.0, SHORT, 0),
    line(256.0, SHORT, 0),
    line(500.0, SHORT, 0),
    line(1_000.0, SHORT, 0),
    line(2_000.0, SHORT, 0),
    line(3_000.0, SHORT, 0),
    line(4_000.0, SHORT, 0),
    line(16_000.0, SHORT, 0),
    line(256.0, LONG, 0),
    line(1_000.0, LONG, 0),
    line(256.0, SHORT, 600),
    line(4_000.0, SHORT, 200),
    line(16_000.0, SHORT, 100),
];

/// The first of the ten files comes over a line whose buffer holds more of it than passes in a minute: four of ten megabytes,
/// and all of it.
async fn a_file_comes(kilobits: f64, buffer: usize) {
    let server = Server::start(&[]).await;
    let proxy = Proxy::start_line(server.address, buffer).await.unwrap();
    let browser = Browser::open(&format!("http://{}/speed", proxy.address())).await;
    let page = browser.page();
    load_worker(page).await;
    choose_kind(page, "Ten files").await;
    proxy.set_rate(Some(kilobits * 125.0));
    page.press(".test", "Start").await;
    tokio::time::sleep(Duration::from_secs_f64(80_000.0 / kilobits)).await;
    page.shows(".test-log p", "Completed Test: 1/10.").await;
    page.press(".test", "Cancel").await;
    page.shows(".test", "Stopped").await;
}

/// With `REJOIN_SPEED=full` on every line, with the time that was chosen; that takes minutes and wants a quiet machine.
/// Otherwise a short run on one line, whose rates alone count.
#[tokio::test]
async fn the_shown_rates_are_what_the_line_carried() {
    if std::env::var("REJOIN_SPEED").is_ok_and(|which| which == "full") {
        let mut wrong = Vec::new();
        for line in LINES {
            let run = Run::carry_out(line, 8).await;
            run.print();
            wrong.extend(run.wrong_rates());
            wrong.extend(run.unfilled());
            wrong.extend(run.wrong_times());
        }
        assert_eq!(wrong, [""; 0]);
        tokio::join!(a_file_comes(500.0, LONG), a_file_comes(1_000.0, 4 * LONG));
    } else {
        let run = Run::carry_out(line(256.0, SHORT, 0), 3).await;
        run.print();
        assert_eq!(run.wrong_rates(), [""; 0]);
    }
}
