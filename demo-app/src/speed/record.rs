//! Results kept in the browser, taken along, and linked to.

use serde::{Deserialize, Serialize};

use super::verdict::Figures;
use crate::figures::{millis, rate};
use crate::local_time::LocalTime;
use crate::words;

/// What a test measured.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "mode", rename_all = "snake_case")]
pub(crate) enum Measured {
    /// The coursework's mean, in megabytes a second.
    Classic { megabytes: f64 },
    /// The streamed test's figures: megabits a second and milliseconds.
    Streamed { download: f64, upload: f64, idle_ms: f64, loaded_ms: f64 },
}

impl From<Figures> for Measured {
    fn from(it: Figures) -> Self {
        Self::Streamed {
            download: it.download,
            upload: it.upload,
            idle_ms: it.idle_ms,
            loaded_ms: it.loaded_ms,
        }
    }
}

/// A finished test.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// When it ended, in milliseconds since 1970 (UTC).
    pub(crate) at_ms: u64,
    #[serde(flatten)]
    pub(crate) measured: Measured,
}

/// The finished tests, newest first.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct History {
    records: Vec<Record>,
}

impl History {
    /// The most results kept.
    pub(crate) const LIMIT: usize = 50;

    pub(crate) fn records(&self) -> &[Record] {
        &self.records
    }

    pub(crate) fn add(&mut self, record: Record) {
        self.records.insert(0, record);
        self.records.truncate(Self::LIMIT);
    }

    /// One line a result.
    pub(crate) fn to_text(&self) -> String {
        self.records.iter().map(|record| record.to_text() + "\n").collect()
    }

    /// Comma-separated values with a line of names; times in seconds since 1970 (UTC), figures in full.
    pub(crate) fn to_csv(&self) -> String {
        let mut out = "unix_seconds,mode,download_mbit_s,upload_mbit_s,idle_ms,loaded_ms\n".to_owned();
        for Record { at_ms, measured } in &self.records {
            let seconds = at_ms / 1_000;
            out += &match measured {
                Measured::Classic { megabytes } => format!("{seconds},classic,{},,,\n", megabytes * 8.0),
                Measured::Streamed { download, upload, idle_ms, loaded_ms } => {
                    format!("{seconds},streamed,{download},{upload},{idle_ms},{loaded_ms}\n")
                }
            };
        }
        out
    }

    /// An array of objects.
    pub(crate) fn to_json(&self) -> String {
        // Numbers and fixed names can always be written; should they not, the reason is better than nothing.
        serde_json::to_string_pretty(&self.records).unwrap_or_else(|error| error.to_string())
    }
}

impl Record {
    /// A line for people.
    pub(crate) fn to_text(self) -> String {
        let at = LocalTime::at(self.at_ms);
        format!("{} {}  {}", words::date(at), at.clock(), self.measured.to_text())
    }

    /// What a link carries: `d412.7000-u88.1000-i4.0-l31.5-t1763800000` or `m50.02-t1763800000`.
    pub(crate) fn to_link(self) -> String {
        let seconds = self.at_ms / 1_000;
        match self.measured {
            Measured::Classic { megabytes } => format!("m{megabytes:.2}-t{seconds}"),
            Measured::Streamed { download, upload, idle_ms, loaded_ms } => {
                // Enough decimals for a line of some kilobits.
                format!("d{download:.4}-u{upload:.4}-i{idle_ms:.1}-l{loaded_ms:.1}-t{seconds}")
            }
        }
    }

    /// Reads what [`Record::to_link`] wrote. None for anything else.
    pub(crate) fn from_link(link: &str) -> Option<Self> {
        let mut at_ms = None;
        let [mut download, mut upload, mut idle, mut loaded, mut mean] = [None; 5];
        for part in link.split('-') {
            let (name, value) = part.split_at_checked(1)?;
            if name == "t" {
                at_ms = Some(value.parse::<u64>().ok().filter(|s| *s < 100_000_000_000)? * 1_000);
                continue;
            }
            let value = value.parse::<f64>().ok().filter(|v| (0.0..1e9).contains(v))?;
            *match name {
                "d" => &mut download,
                "u" => &mut upload,
                "i" => &mut idle,
                "l" => &mut loaded,
                "m" => &mut mean,
                _ => return None,
            } = Some(value);
        }
        let measured = match (mean, download, upload, idle, loaded) {
            (Some(megabytes), None, None, None, None) => Measured::Classic { megabytes },
            (None, Some(download), Some(upload), Some(idle_ms), Some(loaded_ms)) => {
                Measured::Streamed { download, upload, idle_ms, loaded_ms }
            }
            _ => return None,
        };
        Some(Self { at_ms: at_ms?, measured })
    }
}

impl Measured {
    /// The figures in a sentence's form.
    pub(crate) fn to_text(self) -> String {
        match self {
            Self::Classic { megabytes } => words::classic_mean(megabytes),
            Self::Streamed { download, upload, idle_ms, loaded_ms } => {
                words::streamed_result(&rate(download), &rate(upload), &millis(idle_ms), &millis(loaded_ms))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAMED: Record = Record {
        at_ms: 1_763_800_000_000,
        measured: Measured::Streamed { download: 412.7, upload: 88.1, idle_ms: 4.0, loaded_ms: 31.5 },
    };
    const CLASSIC: Record =
        Record { at_ms: 1_763_800_000_000, measured: Measured::Classic { megabytes: 50.02 } };

    #[test]
    fn a_link_leads_back_to_its_result() {
        assert_eq!(STREAMED.to_link(), "d412.7000-u88.1000-i4.0-l31.5-t1763800000");
        let slow = Record {
            measured: Measured::Streamed { download: 0.0301, upload: 0.0297, idle_ms: 4.0, loaded_ms: 900.0 },
            ..STREAMED
        };
        for record in [STREAMED, CLASSIC, slow] {
            assert_eq!(Record::from_link(&record.to_link()), Some(record));
        }
        assert!(slow.to_text().contains("Download 30.1 kbit/s, upload 29.7 kbit/s"), "{}", slow.to_text());
    }

    #[test]
    fn a_link_that_is_none_is_none() {
        for bad in [
            "",
            "x",
            "d1",
            "t1",
            "m1",
            "m1-d2-t1",
            "mNaN-t1",
            "m-1-t1",
            "minf-t1",
            "m1e99-t1",
            "m1-t99999999999999999999",
            "\u{e9}1-t1",
            "d1-u1-i1-l1-t",
        ] {
            assert_eq!(Record::from_link(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_history_keeps_the_newest() {
        let mut history = History::default();
        for at_ms in 0..60 {
            history.add(Record { at_ms, ..CLASSIC });
        }
        assert_eq!(history.records().len(), History::LIMIT);
        assert_eq!(history.records()[0].at_ms, 59);
    }

    #[test]
    fn a_history_can_be_taken_along() {
        let mut history = History::default();
        history.add(CLASSIC);
        history.add(STREAMED);
        assert_eq!(
            history.to_csv().lines().skip(1).collect::<Vec<_>>(),
            ["1763800000,streamed,412.7,88.1,4,31.5", "1763800000,classic,400.16,,,"]
        );
        let json = history.to_json();
        assert_eq!(serde_json::from_str::<History>(&json).expect("our own"), history);
        assert_eq!(history.to_text().lines().count(), 2);
    }
}
