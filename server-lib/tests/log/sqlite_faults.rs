//! What only a log in a file can meet: other programs, a full disk, a damaged file.

use futures_util::FutureExt;
use futures_util::future::join_all;
use rejoin_protocol::wire::{Answer, Body, Position};
use rejoin_server::log::{Append, Blame, Log, LogError, Retention, SqliteLog, SqliteOptions};
use rusqlite::Connection;
use std::path::PathBuf;
use std::time::Duration;
use tempfile::TempDir;

use crate::rig::{answer, append, append_all, offsets, publication, publisher, read, texts};

/// Longer than any test: what waits for it waits for something else to happen first.
const FOR_EVER: Duration = Duration::from_secs(600);

struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("log.db")
    }

    fn open(&self, change: impl FnOnce(&mut SqliteOptions)) -> Result<SqliteLog, LogError> {
        let mut options = SqliteOptions::default();
        options.retention = Retention::everything();
        change(&mut options);
        SqliteLog::open(self.path(), options)
    }

    /// Another program at the file.
    fn stranger(&self) -> Connection {
        Connection::open(self.path()).unwrap()
    }
}

#[tokio::test]
async fn a_locked_file_is_an_error_to_the_publisher_and_passes() {
    let place = Place::new();
    let log = place.open(|options| options.lock_wait = Duration::from_millis(10)).unwrap();
    append(&log, publication(0, "a")).await;
    let stranger = place.stranger();
    stranger.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = answer(&log, publication(1, "b")).await.unwrap_err();
    assert_eq!((error.clone(), error.is_retryable()), (LogError::Locked, true));
    assert_eq!(texts(&read(&log, Position::default()).await), ["a"]);
    stranger.execute_batch("ROLLBACK").unwrap();
    append(&log, publication(1, "b")).await;
}

#[tokio::test]
async fn a_full_queue_is_an_error_to_the_publisher_and_holds_back_nobody_else() {
    let place = Place::new();
    let log = place
        .open(|options| {
            options.queue_appends = 3;
            options.lock_wait = FOR_EVER;
        })
        .unwrap();
    append(&log, publication(0, "a")).await;
    let stranger = place.stranger();
    stranger.execute_batch("BEGIN IMMEDIATE").unwrap();
    // The writer waits for the file, and the queue behind it fills up.
    let mut begun = Vec::new();
    let refused = loop {
        let number = begun.len() as u64 + 1;
        let mut future = log.append(publication(number, "x"));
        match (&mut future).now_or_never() {
            None => begun.push(future),
            Some(answer) => break (number, answer.unwrap_err()),
        }
        assert!(begun.len() <= 6, "the queue has no limit");
    };
    assert_eq!((refused.1.clone(), refused.1.blame()), (LogError::Busy, Blame::Environment));
    // Whoever reads does not wait for the writer.
    assert_eq!(texts(&read(&log, Position::default()).await), ["a"]);
    stranger.execute_batch("ROLLBACK").unwrap();
    for answer in join_all(begun).await {
        assert!(matches!(answer, Ok(Answer::Appended(_))), "{answer:?}");
    }
    append(&log, publication(refused.0, "x")).await;
}

#[tokio::test]
async fn a_full_store_refuses_and_goes_on_when_there_is_room_again() {
    let place = Place::new();
    let small = |options: &mut SqliteOptions| options.max_file_bytes = 512 << 10;
    let log = place.open(small).unwrap();
    let large = |number| Append { payload: Body::from(vec![7; 16 << 10]), ..publication(number, "") };
    // Many at once, so that a batch has some that fit and some that do not.
    let answers = join_all((0..64).map(|number| log.append(large(number)))).await;
    let taken = answers.iter().take_while(|answer| matches!(answer, Ok(Answer::Appended(_)))).count();
    assert!((5..64).contains(&taken), "{taken} were taken");
    assert_eq!(answers[taken], Err(LogError::Full));
    for answer in &answers[taken..] {
        assert!(matches!(answer, Err(LogError::Full) | Ok(Answer::Expected(_))), "{answer:?}");
    }
    let entries = read(&log, Position::default()).await;
    assert_eq!(offsets(&entries), (1..=taken as u64).collect::<Vec<_>>());
    log.close().await;
    let log = place
        .open(|options| {
            small(options);
            options.retention.entries = Some(2);
        })
        .unwrap();
    log.trim().await.unwrap();
    for number in taken as u64..64 {
        append(&log, large(number)).await;
        log.trim().await.unwrap();
    }
}

#[tokio::test]
async fn a_damaged_row_is_an_error_to_its_publisher_alone() {
    let place = Place::new();
    let log = place.open(|_| {}).unwrap();
    append_all(&log, 0, &["a", "b"]).await;
    place.stranger().execute("DELETE FROM outcome", []).unwrap();
    let other = Append { publisher: publisher(2), ..publication(0, "c") };
    let answers = join_all([log.append(publication(1, "b")), log.append(other)]).await;
    assert!(matches!(answers[0], Err(LogError::Corrupt(_))), "{answers:?}");
    assert!(matches!(answers[1], Ok(Answer::Appended(_))), "{answers:?}");
}

#[tokio::test]
async fn outcomes_go_when_they_are_settled() {
    let place = Place::new();
    let log = place.open(|_| {}).unwrap();
    for number in 0..20 {
        append(&log, Append { settled: number, ..publication(number, "x") }).await;
    }
    let outcomes: i64 =
        place.stranger().query_row("SELECT count(*) FROM outcome", [], |row| row.get(0)).unwrap();
    assert_eq!(outcomes, 1);
}

#[tokio::test]
async fn a_lost_entry_is_an_error_and_no_silent_gap() {
    let place = Place::new();
    let log = place.open(|_| {}).unwrap();
    append_all(&log, 0, &["a", "b", "c"]).await;
    place.stranger().execute("DELETE FROM entry WHERE offset = 2", []).unwrap();
    let piece = log.read("room", Position::default(), 99).await;
    assert!(matches!(piece, Err(LogError::Corrupt(_))), "{piece:?}");
    let back = log.read_back("room", 4, 9, 99).await;
    assert!(matches!(back, Err(LogError::Corrupt(_))), "{back:?}");
    // The last one too, though nothing comes behind it.
    let tail = *log.tail("room").await.unwrap().borrow();
    place.stranger().execute("DELETE FROM entry", []).unwrap();
    let before_it = Position { offset: tail.offset - 1, ..tail };
    let piece = log.read("room", before_it, 99).await;
    assert!(matches!(piece, Err(LogError::Corrupt(_))), "{piece:?}");
}

#[tokio::test]
async fn a_file_that_is_no_log_is_refused_and_left_as_it_is() {
    let place = Place::new();
    let text = "Something else altogether. ".repeat(100);
    std::fs::write(place.path(), &text).unwrap();
    let error = place.open(|_| {}).unwrap_err();
    assert_eq!(error, LogError::Foreign(place.path().display().to_string().into()));
    assert_eq!(std::fs::read_to_string(place.path()).unwrap(), text);
    std::fs::remove_file(place.path()).unwrap();
    place.stranger().execute_batch("CREATE TABLE another (x)").unwrap();
    let before = std::fs::read(place.path()).unwrap();
    assert!(matches!(place.open(|_| {}), Err(LogError::Foreign(_))));
    assert_eq!(std::fs::read(place.path()).unwrap(), before);
}

#[tokio::test]
async fn a_closed_log_says_so() {
    let place = Place::new();
    let log = place.open(|_| {}).unwrap();
    let begun = log.append(publication(0, "a"));
    log.close().await;
    assert!(matches!(begun.await, Ok(Answer::Appended(_))));
    assert_eq!(answer(&log, publication(1, "b")).await, Err(LogError::Closed));
    assert_eq!(log.knows(publisher(1)).await, Err(LogError::Closed));
    assert_eq!(log.trim().await, Err(LogError::Closed));
    log.close().await;
    // And the file alone is the store.
    let files = std::fs::read_dir(place.folder.path()).unwrap();
    let mut names: Vec<_> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["log.db", "log.db.lock"]);
}

#[tokio::test]
async fn appends_pass_between_the_steps_of_trimming_and_nothing_is_left_over() {
    let place = Place::new();
    let log = place
        .open(|options| {
            options.retention.entries = Some(5);
            options.retention.publishers = Duration::from_millis(1);
        })
        .unwrap();
    for who in 0..3 {
        let many =
            (0..1_000).map(|n| log.append(Append { publisher: publisher(who), ..publication(n, "x") }));
        join_all(many).await;
    }
    let trimmed = log.trim();
    let appends =
        join_all((0..50).map(|n| log.append(Append { publisher: publisher(9), ..publication(n, "y") })));
    let (trimmed, answers) = futures_util::future::join(trimmed, appends).await;
    trimmed.unwrap();
    assert!(answers.iter().all(|answer| matches!(answer, Ok(Answer::Appended(_)))));
    while log.knows(publisher(9)).await.unwrap() {
        log.trim().await.unwrap();
    }
    for table in ["publisher", "publication", "outcome", "expired"] {
        let rows: i64 = place
            .stranger()
            .query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))
            .unwrap();
        assert_eq!(rows, 0, "{table}");
    }
    log.trim().await.unwrap();
    let kept: i64 = place.stranger().query_row("SELECT count(*) FROM entry", [], |row| row.get(0)).unwrap();
    assert_eq!(kept, 5);
}
