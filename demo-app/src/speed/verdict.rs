//! What a connection with these figures is good for, and what holds it back.

/// The figures of a finished streamed test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Figures {
    /// Megabits a second.
    pub(crate) download: f64,
    /// Megabits a second.
    pub(crate) upload: f64,
    /// Median without load, in milliseconds.
    pub(crate) idle_ms: f64,
    /// The worse of both directions' medians under load, in milliseconds.
    pub(crate) loaded_ms: f64,
}

/// Something people do with a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    Browsing,
    VideoCalls,
    Video4k,
    Games,
    BigFiles,
}

/// What stands in the way of the next use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limit {
    Download,
    Upload,
    Latency,
    LatencyUnderLoad,
}

/// What a use needs: megabits a second down and up, milliseconds idle and under load.
struct Need {
    what: Use,
    download: f64,
    upload: f64,
    idle_ms: f64,
    loaded_ms: f64,
}

const fn need(what: Use, download: f64, upload: f64, idle_ms: f64, loaded_ms: f64) -> Need {
    Need { what, download, upload, idle_ms, loaded_ms }
}

/// Rules of thumb, generous to nobody: video calls by what group calls in high definition ask for, 4K by a
/// stream's 25 Mbit/s, games by the delay that players notice.
const NEEDS: [Need; 5] = [
    need(Use::Browsing, 2.0, 0.5, 300.0, 1_000.0),
    need(Use::VideoCalls, 4.0, 4.0, 100.0, 200.0),
    need(Use::Games, 5.0, 1.0, 50.0, 100.0),
    need(Use::Video4k, 25.0, 1.0, 300.0, 1_000.0),
    need(Use::BigFiles, 100.0, 50.0, 1_000.0, 2_000.0),
];

impl Need {
    /// What is furthest from enough.
    fn missing(&self, have: &Figures) -> Option<Limit> {
        let short = [
            (Limit::Download, self.download / have.download),
            (Limit::Upload, self.upload / have.upload),
            (Limit::Latency, have.idle_ms / self.idle_ms),
            (Limit::LatencyUnderLoad, have.loaded_ms / self.loaded_ms),
        ];
        let short = short.into_iter().filter(|(_, ratio)| *ratio > 1.0);
        short.max_by(|a, b| a.1.total_cmp(&b.1)).map(|(limit, _)| limit)
    }
}

/// The uses that these figures are enough for, and what fails the first of the others.
pub(crate) fn verdict(have: &Figures) -> (Vec<Use>, Option<Limit>) {
    let good = NEEDS.iter().filter(|need| need.missing(have).is_none()).map(|need| need.what).collect();
    (good, NEEDS.iter().find_map(|need| need.missing(have)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(download: f64, upload: f64, idle_ms: f64, loaded_ms: f64) -> Figures {
        Figures { download, upload, idle_ms, loaded_ms }
    }

    #[test]
    fn a_fast_connection_is_good_for_everything() {
        let (good, limit) = verdict(&figures(900.0, 800.0, 2.0, 8.0));
        assert_eq!((good.len(), limit), (NEEDS.len(), None));
    }

    #[test]
    fn delay_under_load_spoils_calls_and_games_alone() {
        let (good, limit) = verdict(&figures(900.0, 800.0, 20.0, 700.0));
        assert_eq!(good, [Use::Browsing, Use::Video4k, Use::BigFiles]);
        assert_eq!(limit, Some(Limit::LatencyUnderLoad));
    }

    #[test]
    fn what_is_furthest_from_enough_is_the_limit() {
        let (good, limit) = verdict(&figures(1.0, 0.01, 400.0, 500.0));
        assert!(good.is_empty());
        assert_eq!(limit, Some(Limit::Upload));
    }
}
