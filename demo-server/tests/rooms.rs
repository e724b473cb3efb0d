//! How many rooms there may be, and which count.
#![allow(clippy::unwrap_used)] // A helper that fails is a test that fails.

mod common;
#[path = "common/sessions.rs"]
mod sessions;

use common::Demo;
use demo_messages::room::RoomInfo;
use demo_server::Config;
use rejoin::Session;
use rejoin::session::PublishError;
use sessions::{connect, enter, on_one_thread, room_names, rooms, say};

/// Waits until the rooms are these.
async fn until(session: &Session, names: &[&str]) {
    while room_names(session).await != names {
        tokio::task::yield_now().await;
    }
}

#[test]
fn a_room_counts_while_somebody_is_in_it_or_the_log_holds_something_of_it() {
    on_one_thread(async {
        let demo = Demo::start(Config { max_rooms: 2, ..Config::default() }).await;
        let (ada, bob) = (connect(&demo).await, connect(&demo).await);
        let first = enter(&ada, "one", "Ada").await.unwrap();
        let _second = enter(&ada, "two", "Ada").await.unwrap();
        let denial = enter(&bob, "three", "Bob").await.unwrap_err();
        assert_eq!((denial.code, denial.reason.contains("2 rooms")), (429, true), "{denial:?}");
        let refused = say(&bob, "three", "hello").await;
        assert!(matches!(refused, Err(PublishError::Refused(denial)) if denial.code == 429));
        // One that is there already may be entered.
        let with_ada = enter(&bob, "one", "Bob").await.unwrap();
        // Whoever has left an empty room has taken nothing from anybody.
        drop((first, with_ada));
        until(&bob, &["two"]).await;
        let third = enter(&bob, "three", "Bob").await.unwrap();
        say(&bob, "three", "to be kept").await.unwrap();
        drop(third);
        let kept = RoomInfo { name: "three".into(), members: 0 };
        while rooms(&ada).await[0] != kept {
            tokio::task::yield_now().await;
        }
        assert_eq!(enter(&bob, "one", "Bob").await.unwrap_err().code, 429);
        assert!(enter(&ada, "three", "Ada").await.is_ok());
    });
}

#[test]
fn rooms_that_were_entered_one_after_another_use_nothing_up() {
    on_one_thread(async {
        let demo = Demo::start(Config { max_rooms: 3, ..Config::default() }).await;
        let (ada, bob) = (connect(&demo).await, connect(&demo).await);
        for n in 0..20 {
            let name = format!("room-{n}");
            drop(enter(&ada, &name, "Ada").await.unwrap());
            until(&ada, &[]).await;
        }
        assert!(enter(&bob, "bobs", "Bob").await.is_ok());
    });
}

#[test]
fn one_session_makes_so_many_rooms_and_one_address_so_many_more() {
    on_one_thread(async {
        let config =
            Config { max_rooms: 9, max_rooms_per_session: 2, max_rooms_per_address: 3, ..Config::default() };
        let demo = Demo::start(config).await;
        let (ada, bob) = (connect(&demo).await, connect(&demo).await);
        let _one = enter(&ada, "one", "Ada").await.unwrap();
        say(&ada, "two", "hello").await.unwrap();
        let denial = enter(&ada, "three", "Ada").await.unwrap_err();
        assert!(denial.code == 429 && denial.reason.contains("you have made 2"), "{denial:?}");
        let _three = enter(&bob, "three", "Bob").await.unwrap();
        let denial = enter(&bob, "four", "Bob").await.unwrap_err();
        assert!(denial.code == 429 && denial.reason.contains("your address"), "{denial:?}");
        // Those of others are open to all.
        assert!(enter(&bob, "one", "Bob").await.is_ok() && enter(&ada, "three", "Ada").await.is_ok());
    });
}

#[test]
fn rooms_that_are_kept_are_there_after_a_restart() {
    on_one_thread(async {
        let data = tempfile::tempdir().unwrap();
        let config = Config { data: Some(data.path().to_owned()), max_rooms: 1, ..Config::default() };
        let mut demo = Demo::start(config.clone()).await;
        let ada = connect(&demo).await;
        say(&ada, "tea", "hello").await.unwrap();
        drop(ada);
        demo.stop();
        demo.ended().await;
        let demo = Demo::start(config).await;
        let bob = connect(&demo).await;
        assert_eq!(rooms(&bob).await, [RoomInfo { name: "tea".into(), members: 0 }]);
        assert_eq!(enter(&bob, "coffee", "Bob").await.unwrap_err().code, 429);
        assert!(enter(&bob, "tea", "Bob").await.is_ok());
    });
}

#[test]
#[cfg(unix)]
fn other_users_of_the_machine_read_nothing_of_the_data() {
    use std::os::unix::fs::PermissionsExt as _;
    on_one_thread(async {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("a/data");
        let config = Config { data: Some(data.clone()), ..Config::default() };
        let demo = Demo::start(config).await;
        let ada = connect(&demo).await;
        say(&ada, "tea", "hello").await.unwrap();
        let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&data), mode(&folder.path().join("a"))), (0o700, 0o700));
        let files: Vec<_> = std::fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(files.len() >= 3, "{files:?}");
        for file in files {
            assert_eq!(mode(&file) & 0o077, 0, "{}", file.display());
        }
    });
}
