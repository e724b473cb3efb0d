//! What every log must do, tried with each of them.
#![allow(clippy::unwrap_used)] // A helper that fails is a test that fails.

mod channels;
mod epochs;
mod history;
mod model;
mod publications;
mod restore;
mod rig;
#[cfg(feature = "sqlite")]
mod sqlite_faults;
#[cfg(feature = "sqlite")]
mod sqlite_processes;
#[cfg(feature = "sqlite")]
mod sqlite_rig;

macro_rules! suite {
    ($rig:ty: $($test:path as $name:ident),* $(,)?) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            $test(<$rig as $crate::rig::Rig>::open($crate::rig::Settings::default()).await).await;
        })*
    };
}

/// All tests of the suite, for one log.
macro_rules! every_test {
    ($module:ident, $rig:ty) => {
        mod $module {
            suite! { $rig:
                crate::publications::numbers_are_answered_by_the_rules as numbers_are_answered_by_the_rules,
                crate::publications::a_refusal_is_repeated as a_refusal_is_repeated_whatever_the_verdict_is_then,
                crate::publications::outcomes_survive as outcomes_survive_a_restart_until_they_are_settled,
                crate::publications::pipelined as many_under_way_at_once_are_answered_in_order,
                crate::publications::two_writers_share_numbers as publishers_go_on_at_another_writer,
                crate::publications::unsettled_are_bounded as so_many_are_unsettled_and_no_more,
                crate::publications::expiry as publishers_expire_together_whatever_is_retained,
                crate::publications::touch_revives_nobody as a_touch_makes_nobody_known,
                crate::channels::entries_are_told_as_they_were_published as entries_are_told_as_they_were_published,
                crate::channels::times_never_go_back as times_never_go_back,
                crate::channels::pieces as a_piece_holds_what_fits_and_at_least_one_entry,
                crate::channels::looking_back as looking_back_ends_before_an_offset,
                crate::channels::names as channels_that_hold_entries_are_named_piece_by_piece,
                crate::channels::tails as the_tail_is_watched,
                crate::channels::since as feeds_start_where_they_are_asked_to,
                crate::channels::trimming as trimming_takes_the_oldest_and_keeps_the_tail,
                crate::channels::age_and_bytes as age_and_bytes_are_limits_too,
                crate::epochs::every_start_opens_an_epoch as every_start_opens_an_epoch_with_its_first_append,
                crate::epochs::two_writers as an_entry_belongs_to_the_newest_epoch_whoever_writes_it,
                crate::epochs::positions_survive as positions_survive_a_restart,
                crate::epochs::trimmed_epochs as epochs_go_when_their_end_was_trimmed,
                crate::epochs::unknown_epochs as an_unknown_epoch_is_a_gap,
                crate::restore::the_lost_tail_is_a_gap as the_lost_tail_of_a_restored_log_is_a_gap,
                crate::restore::a_lost_epoch_is_a_gap as a_lost_epoch_of_a_restored_log_is_a_gap,
                crate::restore::publishers_are_told as a_restored_log_expects_what_it_has_lost,
                crate::history::random_histories as random_histories_agree_with_a_plain_model,
            }
        }
    };
}

every_test!(memory, crate::rig::MemoryRig);
#[cfg(feature = "sqlite")]
every_test!(sqlite, crate::sqlite_rig::SqliteRig);
