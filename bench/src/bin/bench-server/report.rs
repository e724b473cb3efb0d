//! What the pages report, and the tables of it.

use std::collections::BTreeMap;

use serde::Deserialize;

/// One report of a page.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Line {
    Figure(Figure),
    Delivered(Delivered),
    Done {
        #[serde(rename = "done")]
        _done: bool,
    },
    Failed {
        failed: String,
    },
}

/// A time that was measured.
#[derive(Deserialize)]
pub(crate) struct Figure {
    case: String,
    contender: String,
    ms: f64,
    count: f64,
    size: f64,
}

/// What came of a run over faults.
#[derive(Deserialize)]
pub(crate) struct Delivered {
    contender: String,
    up: Fate,
    down: Fate,
    helped: u32,
    seconds: f64,
}

/// Of the messages in one direction.
#[derive(Deserialize)]
struct Fate {
    sent: u32,
    lost: u32,
    repeated: u32,
    reordered: u32,
}

/// All that was reported.
#[derive(Default)]
pub(crate) struct Tables {
    cases: BTreeMap<String, Vec<(String, Vec<Figure>)>>,
    delivered: Vec<Delivered>,
}

impl Tables {
    pub(crate) fn figure(&mut self, figure: Figure) {
        let rows = self.cases.entry(figure.case.clone()).or_default();
        match rows.iter_mut().find(|(name, _)| *name == figure.contender) {
            Some((_, figures)) => figures.push(figure),
            None => rows.push((figure.contender.clone(), vec![figure])),
        }
    }

    pub(crate) fn delivered(&mut self, row: Delivered) {
        self.delivered.push(row);
    }

    pub(crate) fn print(&self) {
        for (case, rows) in &self.cases {
            print_case(case, rows);
        }
        if self.delivered.is_empty() {
            return;
        }
        println!(
            "\n| | sent each way | to the server: lost, repeated, reordered | to the page | helped | took |"
        );
        println!("|---|---|---|---|---|---|");
        for Delivered { contender, up, down, helped, seconds } in &self.delivered {
            let fate = |fate: &Fate| format!("{}, {}, {}", fate.lost, fate.repeated, fate.reordered);
            let (sent, up, down) = (up.sent, fate(up), fate(down));
            println!("| {contender} | {sent} | {up} | {down} | {helped} | {seconds:.0} s |");
        }
    }
}

fn print_case(case: &str, rows: &[(String, Vec<Figure>)]) {
    println!("\n{case}: medians, and the median of each round's ratio to raw JavaScript");
    let raw = rows.iter().find(|(name, _)| name == "raw JavaScript");
    let mut rows: Vec<_> = rows.iter().collect();
    rows.sort_by(|a, b| a.0.cmp(&b.0));
    for (name, figures) in rows {
        let ms = median(figures.iter().map(|figure| figure.ms));
        let (count, size) = (figures[0].count, figures[0].size);
        let ratios =
            raw.iter().flat_map(|(_, raw)| raw.iter().zip(figures)).map(|(raw, own)| raw.ms / own.ms);
        println!(
            "  {name:<20} {ms:>9.1} ms {:>10.0} messages/s {:>8.1} MB/s   ratio {:.3}",
            count / ms * 1_000.0,
            count * size / ms / 1_000.0,
            median(ratios),
        );
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
