//! The speed test's page, and whether its figures agree with the server's.

use rejoin_test_support::proxy::Proxy;

use crate::rig::browser::Browser;
use crate::rig::page::Page;
use crate::rig::server::Server;

pub(crate) const FILE_ASKED_FOR: &str = "classic speed test: file asked for";
/// The lines of the coursework's log.
const LOG: &str = ".test-log p";

/// The page of the speed test, of this kind.
pub(crate) async fn speed_page(server: &Server, kind: &str) -> Browser {
    let browser = Browser::open(&server.url("/speed")).await;
    choose_kind(browser.page(), kind).await;
    browser
}

/// Chooses the kind of test on the page.
pub(crate) async fn choose_kind(page: Page<'_>, kind: &str) {
    page.element(".kinds").await;
    let choose = "const label = [...document.querySelectorAll('label.kind')]
        .find(l => l.textContent.trim() === arguments[0]); label?.click(); return !!label";
    page.until("the kind of test can be chosen", choose, &[kind.into()]).await;
}

/// The milliseconds in the lines "Completed Test: 3/10. Took 41.3 milliseconds.", each checked to the letter.
fn times(lines: &[String]) -> Vec<f64> {
    let time = |(at, line): (usize, &String)| {
        let start = format!("Completed Test: {}/10. Took ", at + 1);
        let number = line.strip_prefix(&start).and_then(|rest| rest.strip_suffix(" milliseconds."));
        let number = number.unwrap_or_else(|| panic!("line {} is {line:?}", at + 1));
        assert_eq!(number.split_once('.').map(|(_, decimals)| decimals.len()), Some(1), "{line:?}");
        number.parse().unwrap()
    };
    lines.iter().enumerate().map(time).collect()
}

/// The mean as the page shows it: MB/s and Mbps.
async fn mean(page: Page<'_>) -> (f64, f64) {
    let parts = page.texts("#mean > span").await;
    assert_eq!((parts.len(), parts[1].as_str()), (3, "MB/s"), "{parts:?}");
    let megabits = parts[2].strip_suffix(" Mbps").unwrap();
    for number in [parts[0].as_str(), megabits] {
        assert_eq!(number.split_once('.').map(|(_, decimals)| decimals.len()), Some(2), "{parts:?}");
    }
    (parts[0].parse().unwrap(), megabits.parse().unwrap())
}

#[tokio::test]
async fn ten_files_are_timed_and_page_and_server_agree() {
    let server = Server::start(&[]).await;
    let browser = speed_page(&server, "Ten files").await;
    let page = browser.page();
    // Each change of the button's words, so that a short "Running" is not missed.
    page.script(
        "const start = document.getElementById('start'); window.words = [];
         const look = () => { const now = start.textContent.trim() + (start.ariaDisabled === 'true' ? ' (disabled)' : '');
             if (window.words.at(-1) !== now) window.words.push(now); };
         look();
         new MutationObserver(look).observe(start, { subtree: true, childList: true, characterData: true, attributes: true });",
        vec![],
    )
    .await;
    page.press(".test", "Start").await;
    page.shows(LOG, "Finished.").await;

    let log = page.texts(LOG).await;
    assert_eq!(log.len(), 12, "{log:?}");
    assert_eq!((log[0].as_str(), log[11].as_str()), ("Starting...", "Finished."));
    let times = times(&log[1..11]);
    let (megabytes, megabits) = mean(page).await;
    let of_times = 10.0 / (times.iter().sum::<f64>() / 10.0 / 1_000.0);
    // The times are rounded to tenths of a millisecond; the mean is of what was measured.
    let rounding = of_times * 0.05 * 10.0 / times.iter().sum::<f64>() + 0.005;
    assert!((megabytes - of_times).abs() <= rounding + 0.01, "shown {megabytes}, of the times {of_times}");
    assert!((megabits - megabytes * 8.0).abs() <= 0.05, "{megabits} is not eight times {megabytes}");
    let grade = if megabytes < 10.0 {
        "Bad"
    } else if megabytes < 50.0 {
        "Fair"
    } else {
        "Good"
    };
    page.shows(".test strong", grade).await;
    let words = page.script("return window.words.join(', ')", vec![]).await;
    assert_eq!(words, "Start, Running (disabled), Start");

    assert_eq!(server.log().count(FILE_ASKED_FOR), 10);
    // Ten frames' headers come on top of the files, and nothing else of that size was sent.
    let written = largest(&server, page, "written=").await;
    assert!((100_000_000..100_100_000).contains(&written), "the server wrote {written} bytes");

    // A new start begins with nothing.
    page.press(".test", "Start").await;
    page.until("the log begins anew", "return document.querySelectorAll('.test-log p').length < 12", &[])
        .await;
    page.shows(LOG, "Finished.").await;
    assert_eq!(page.texts(LOG).await.len(), 12);
    assert_eq!(server.log().count(FILE_ASKED_FOR), 20);
    assert_eq!(browser.errors().await, [""; 0]);
}

/// A line of 2,000 kbit/s that nearly stops in the midst of a load, until the load has come to its limit.
#[tokio::test]
async fn a_load_that_its_time_limit_ends_is_said_to_be_cut_off() {
    let server = Server::start(&[]).await;
    let proxy = Proxy::start_line(server.address, 4_096).await.unwrap();
    let browser = Browser::open(&format!("http://{}/speed", proxy.address())).await;
    let page = browser.page();
    choose_kind(page, "Download and upload").await;
    let choose = "const select = document.querySelector('select.seconds'); select.value = '3';
        select.dispatchEvent(new Event('change', { bubbles: true }))";
    for (step, sentence) in
        [("Download", "The download reached its time limit"), ("Upload", "The upload reached its time limit")]
    {
        page.script(choose, vec![]).await;
        page.press(".test", "Start").await;
        page.shows(".test .step[aria-current=step]", step).await;
        proxy.set_rate(Some(250_000.0));
        let moves = "return /[1-9]/.test(document.querySelector('.test .large-number').textContent)";
        page.until("the load moves", moves, &[]).await;
        page.shows_no(".cut-off", "time limit").await;
        proxy.set_rate(Some(1_000.0));
        page.shows(".cut-off", sentence).await;
        proxy.set_rate(None);
        page.shows(".test [role=status]", "Finished").await;
        let said = page.texts(".cut-off p").await;
        assert_eq!(said.len(), 1, "{said:?}");
    }
}

#[tokio::test]
async fn a_cancelled_test_keeps_what_was_measured() {
    let server = Server::start(&[]).await;
    let browser = speed_page(&server, "Ten files").await;
    let page = browser.page();
    // Cancelled by the page itself when the second file is there: a test outside may come too late.
    page.script(
        "const cancel = () => [...document.querySelectorAll('.test button')].find(b => b.textContent.trim() === 'Cancel');
         new MutationObserver((_, observer) => {
             if (document.querySelectorAll('.test-log p').length < 3) return;
             observer.disconnect();
             cancel()?.click();
         }).observe(document.body, { subtree: true, childList: true });",
        vec![],
    )
    .await;
    page.press(".test", "Start").await;
    page.shows(".test", "What was measured until then is kept below").await;
    let log = page.texts(LOG).await;
    assert!((3..12).contains(&log.len()), "{log:?}");
    times(&log[1..]);
    mean(page).await;
    page.shows_no(LOG, "Finished.").await;
    page.press(".test", "Start").await;
    page.shows(LOG, "Finished.").await;
    assert_eq!(page.texts(LOG).await.len(), 12);
}

#[tokio::test]
async fn on_a_slow_line_ten_files_show_the_part_of_a_file_and_the_time_left_and_can_be_cancelled() {
    let server = Server::start(&[]).await;
    let proxy = Proxy::start_line(server.address, 0).await.unwrap();
    let browser = Browser::open(&format!("http://{}/speed", proxy.address())).await;
    let page = browser.page();
    choose_kind(page, "Ten files").await;
    // All that is needed is loaded before the line is slow.
    page.press(".test", "Start").await;
    page.shows(LOG, "Finished.").await;
    // 256 kbit/s: a file would take five minutes.
    proxy.set_rate(Some(32_000.0));
    page.press(".test", "Start").await;
    page.shows(".file-progress", "File 1 of 10: ").await;
    page.shows(".file-progress", " of 10.0 MB sent").await;
    // Once more of it has been sent there is an estimate.
    page.shows(".file-progress", " left").await;
    page.press(".test", "Cancel").await;
    page.shows(".test", "Stopped.").await;
    assert!(page.texts(".file-progress").await.is_empty());
    assert_eq!(page.texts(LOG).await, ["Starting..."]);
    assert_eq!(browser.errors().await, [""; 0]);
}

#[tokio::test]
async fn the_streamed_test_completes_and_both_ends_count_the_same_bytes() {
    let server = Server::start(&[]).await;
    let browser = speed_page(&server, "Download and upload").await;
    let page = browser.page();
    let three_seconds = "const select = document.querySelector('select.seconds'); select.value = '3';
        select.dispatchEvent(new Event('change', { bubbles: true }))";
    page.script(three_seconds, vec![]).await;
    page.press(".test", "Start").await;
    page.shows(".test [role=status]", "Finished").await;

    let tiles = page.texts(".tiles dd").await;
    assert_eq!(tiles.len(), 4, "{tiles:?}");
    assert!(tiles[..2].iter().all(|speed| speed.ends_with(" Mbit/s")), "{tiles:?}");
    assert!(tiles[2..].iter().all(|latency| latency.ends_with(" ms")), "{tiles:?}");
    let counts: Vec<String> = page.texts(".details dd").await;
    let counts: Vec<u64> =
        counts.iter().filter_map(|text| text.split_once(" bytes in ")).map(|(n, _)| digits(n)).collect();
    assert_eq!(counts.len(), 2, "{counts:?}");
    // Download and upload go through one connection, the echo's pings through another.
    for (shown, name) in [(counts[0], "written="), (counts[1], "read=")] {
        let on_the_wire = largest(&server, page, name).await;
        // Frame headers and the control messages: below a hundredth.
        assert!(
            (shown..shown + shown / 100 + 10_000).contains(&on_the_wire),
            "{name}{on_the_wire}, shown {shown}"
        );
    }
    page.shows(".history, .card, table", "Download").await;
    assert_eq!(browser.errors().await, [""; 0]);
}

/// The largest figure of this name in the server's log of its connections, once those of the worker have ended.
async fn largest(server: &Server, page: Page<'_>, name: &str) -> u64 {
    let ended = "return fetch('/health').then(r => r.json()).then(h => h.connections === 1)";
    page.until("the worker's connections have ended", ended, &[]).await;
    server.log().after(name).await;
    let log = server.log().text();
    let of = |line: &str| line.split_once(name)?.1.split(' ').next()?.parse().ok();
    log.lines().filter_map(of).max().unwrap()
}

fn digits(text: &str) -> u64 {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    digits.parse().unwrap()
}
