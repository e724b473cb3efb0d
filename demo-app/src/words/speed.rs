//! The words of the speed test.

use demo_messages::speed::FILE_BYTES;

use crate::figures::{self, rate};
use crate::speed::classic::{Grade, RUNS};
use crate::speed::report::{Direction, Phase, Trouble};
use crate::speed::streamed::Counted;
use crate::speed::verdict::{Limit, Use};

pub(crate) const SPEED_TITLE: &str = "Speed test";
pub(crate) const STREAMED: &str = "Download and upload";
pub(crate) const CLASSIC: &str = "Ten files";
pub(crate) const KINDS: &str = "Kind of test";
pub(crate) const START: &str = "Start";
pub(crate) const STOP: &str = "Stop";
pub(crate) const RUNNING: &str = "Running";
pub(crate) const CANCEL: &str = "Cancel";
pub(crate) const LATENCY: &str = "Latency";
pub(crate) const DOWNLOAD: &str = "Download";
pub(crate) const UPLOAD: &str = "Upload";
pub(crate) const IDLE: &str = "Idle";
pub(crate) const UNDER_LOAD: &str = "Under load";
pub(crate) const SECONDS_EACH: &str = "Seconds for each direction";
pub(crate) const PROGRESS: &str = "Progress of the test";
pub(crate) const GOOD_FOR: &str = "Good for";
pub(crate) const LIMITED_BY: &str = "Limited by";
pub(crate) const GOOD_FOR_NOTHING: &str = "little of what people do online";
pub(crate) const STREAMED_HINT: &str =
    "Measures how fast messages come and go over one WebSocket, and how long a small one takes meanwhile.";
pub(crate) const STREAMED_DETAILS: &str = "Details";

pub(crate) const CLASSIC_STARTING: &str = "Starting...";
pub(crate) const CLASSIC_FINISHED: &str = "Finished.";
pub(crate) const CLASSIC_LOG: &str = "Log";

pub(crate) const HISTORY: &str = "History";
pub(crate) const WHEN: &str = "When";
pub(crate) const KIND: &str = "Kind";
pub(crate) const RESULT: &str = "Result";
pub(crate) const CLEAR: &str = "Clear";
pub(crate) const COPY_TEXT: &str = "Copy as text";
pub(crate) const COPY_CSV: &str = "Copy as CSV";
pub(crate) const COPY_JSON: &str = "Copy as JSON";
pub(crate) const COPY_RESULT: &str = "Copy result";
pub(crate) const COPY_LINK: &str = "Copy link";
pub(crate) const COPIED: &str = "Copied.";
pub(crate) const COPY_YOURSELF: &str =
    "This browser does not let the page copy. Select the text and copy it yourself.";
pub(crate) const SHARED: &str = "A result from a link";
pub(crate) const SHARED_BAD: &str = "This link holds no result that can be read. It may have been cut short.";

pub(crate) fn classic_hint() -> String {
    format!("Fetches {} ten times in one message each, and takes the mean.", figures::bytes(FILE_BYTES))
}

/// A file of the coursework's method under way, and an estimate of the time that the rest takes.
pub(crate) fn file_under_way(number: usize, bytes: u64, seconds: Option<u64>) -> String {
    let (part, whole) = (figures::bytes(bytes), figures::bytes(FILE_BYTES));
    let rest = seconds.map(|seconds| format!(", about {} left", figures::span(seconds)));
    format!("File {number} of {RUNS}: {part} of {whole} sent{}", rest.unwrap_or_default())
}

/// What is under way in the streamed test, and the time that is left of it.
pub(crate) fn phase_and_rest(it: Phase, seconds: u64) -> String {
    match it {
        Phase::Connecting => phase(it).to_owned(),
        _ => format!("{}, {} left", phase(it), figures::span(seconds)),
    }
}

/// A line of the coursework's log.
pub(crate) fn classic_completed(run: usize, of: u32, ms: f64) -> String {
    format!("Completed Test: {run}/{of}. Took {ms:.1} milliseconds.")
}

/// The coursework's figure in both units.
pub(crate) fn classic_mean(megabytes: f64) -> String {
    format!("{megabytes:.2} MB/s ({:.2} Mbps)", megabytes * 8.0)
}

pub(crate) fn grade(grade: Grade) -> &'static str {
    match grade {
        Grade::Bad => "Bad",
        Grade::Fair => "Fair",
        Grade::Good => "Good",
    }
}

/// What the grade means.
pub(crate) fn grade_means(grade: Grade) -> &'static str {
    match grade {
        Grade::Bad => "under 10 MB/s",
        Grade::Fair => "from 10 to under 50 MB/s",
        Grade::Good => "50 MB/s or more",
    }
}

pub(crate) fn streamed_result(download: &str, upload: &str, idle: &str, loaded: &str) -> String {
    format!("Download {download}, upload {upload}, idle {idle}, under load {loaded}")
}

pub(crate) fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::Download => DOWNLOAD,
        Direction::Upload => UPLOAD,
    }
}

pub(crate) fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Connecting => "Connecting",
        Phase::Latency => "Measuring latency",
        Phase::Load(Direction::Download) => "Downloading",
        Phase::Load(Direction::Upload) => "Uploading",
    }
}

/// The unit of the large figure, with what it is.
pub(crate) fn unit_of(unit: &str, direction: Direction) -> String {
    match direction {
        Direction::Download => format!("{unit} download"),
        Direction::Upload => format!("{unit} upload"),
    }
}

pub(crate) fn used_for(what: Use) -> &'static str {
    match what {
        Use::Browsing => "reading and mail",
        Use::VideoCalls => "video calls",
        Use::Video4k => "4K video",
        Use::Games => "games",
        Use::BigFiles => "large files",
    }
}

pub(crate) fn limited_by(limit: Limit) -> &'static str {
    match limit {
        Limit::Download => "download speed",
        Limit::Upload => "upload speed",
        Limit::Latency => "latency",
        Limit::LatencyUnderLoad => "latency under load",
    }
}

/// What happened to a test; `measured` is whether anything is left of it.
pub(crate) fn trouble(trouble: &Trouble, measured: bool) -> String {
    let what = match trouble {
        Trouble::Unreachable => "The server can't be reached, or takes no more connections.".to_owned(),
        Trouble::Lost { code, reason } if reason.is_empty() => format!("The connection ended ({code})."),
        Trouble::Lost { code, reason } => format!("The connection ended ({code}, {reason})."),
        Trouble::Refused(reason) => format!("The server refused the test: {reason}."),
        Trouble::WrongLength { bytes } => format!(
            "The server sent {} bytes in one message in place of {}.",
            figures::whole(*bytes),
            figures::whole(FILE_BYTES)
        ),
        Trouble::Stalled { seconds } => format!("Nothing moved for {seconds} s."),
        Trouble::Unreadable(why) => format!("The server said something that this page can't read: {why}."),
        Trouble::Worker(why) => format!("The test could not run in this browser: {why}."),
    };
    let kept = if measured { " What was measured until then is kept below." } else { "" };
    format!("{what}{kept} Start again when you like.")
}

pub(crate) const STOPPED: &str = "Stopped. What was measured until then is kept below.";
pub(crate) const FINISHED: &str = "Finished";

pub(crate) fn history_unreadable(why: &str) -> String {
    format!("The history in this browser can't be read ({why}). Clear it to keep results again.")
}

pub(crate) fn history_empty(kept: bool) -> &'static str {
    if kept {
        "Finished tests are kept here, in this browser only."
    } else {
        "Finished tests are listed here until you close or reload this page: this browser does not keep them."
    }
}

pub(crate) fn history_not_kept(why: &str) -> String {
    format!("This browser does not keep the history ({why}). It lasts until the page is closed.")
}

/// The value under the pointer.
pub(crate) fn chart_value(megabits: f64, seconds: f64) -> String {
    format!("{} at {seconds:.1} s", rate(megabits))
}

/// The chart, for those who do not see it.
pub(crate) fn chart_label(of: Direction, now: Option<f64>, top: f64) -> String {
    let now = now.map_or(NONE_YET.to_owned(), rate);
    format!("{} over the last ten seconds: now {now}, axis up to {}", direction(of), rate(top))
}

const NONE_YET: &str = "nothing yet";

pub(crate) fn percentiles(p50: &str, p95: &str, jitter: &str, count: usize) -> String {
    format!("median {p50}, 95 % within {p95}, from one to the next {jitter}, {count} round trips")
}

pub(crate) const CLASSIC_UNIT: &str = "MB/s";
pub(crate) const COPY_LOG: &str = "Copy log";

/// Beside the mean in megabytes.
pub(crate) fn megabits(megabits: f64) -> String {
    format!("{megabits:.2} Mbps")
}

pub(crate) fn mean_so_far(runs: usize) -> String {
    if runs == 1 { "after 1 run".to_owned() } else { format!("mean of {runs} runs so far") }
}

/// The latency while a direction is loaded.
pub(crate) fn while_loaded(of: Direction) -> String {
    match of {
        Direction::Download => "During download".to_owned(),
        Direction::Upload => "During upload".to_owned(),
    }
}

/// A direction whose speed grew until the end of its time.
pub(crate) fn still_growing(of: Direction) -> String {
    format!("{} speed was still growing at the end. A longer test may show more.", direction(of))
}

/// A load that came to its time limit.
pub(crate) fn cut_off(direction: Direction) -> &'static str {
    match direction {
        Direction::Download => {
            "The download reached its time limit with data still on the way. Its result counts what had arrived."
        }
        Direction::Upload => {
            "The upload reached its time limit with data still on the way. Its result counts what had arrived."
        }
    }
}

/// The bytes of a load as both ends counted them.
pub(crate) fn counted(it: Counted) -> String {
    let millis = it.micros / 1_000;
    let server = figures::whole(it.by_server);
    let page = figures::whole(it.by_page);
    if it.by_server == it.by_page {
        format!("{server} bytes in {} ms, counted alike by server and page", figures::whole(millis))
    } else {
        format!("{server} bytes in {} ms by the server's count, {page} by the page's", figures::whole(millis))
    }
}
