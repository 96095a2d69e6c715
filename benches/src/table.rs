//! Collects samples and prints one table: a row for each workload, a column for each contender.
//!
//! A cell is the median of the samples, and behind it, where roundsman takes part, the ratio of
//! roundsman's figure to that peer's.

#![expect(clippy::disallowed_macros, reason = "a benchmark prints a table")]

use crate::{contender::OURS, machine};

/// The samples of one benchmark.
#[derive(Debug)]
pub struct Table {
    title: &'static str,
    rounds: u32,
    contenders: Vec<String>,
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    label: String,
    /// The samples of each contender, in the order of the columns.
    samples: Vec<Vec<f64>>,
}

impl Table {
    /// An empty table. Columns and rows come in the order in which they are first recorded,
    /// roundsman before the peers.
    pub fn new(title: &'static str, rounds: u32) -> Self {
        Self { title, rounds, contenders: Vec::new(), rows: Vec::new() }
    }

    /// The rounds to do, each announced on stderr.
    pub fn rounds(&self) -> impl Iterator<Item = u32> + use<> {
        let rounds = self.rounds;
        (1..=rounds).inspect(move |round| eprintln!("round {round} of {rounds}"))
    }

    /// Adds one sample. `label` names the row, its unit included.
    pub fn record(&mut self, label: &str, contender: &str, value: f64) {
        let column = self.contenders.iter().position(|name| name == contender);
        let column = column.unwrap_or_else(|| {
            self.contenders.push(contender.to_owned());
            self.contenders.len() - 1
        });
        let row = self.rows.iter().position(|row| row.label == label).unwrap_or_else(|| {
            self.rows.push(Row { label: label.to_owned(), samples: Vec::new() });
            self.rows.len() - 1
        });
        let samples = &mut self.rows[row].samples;
        if samples.len() <= column {
            samples.resize_with(column + 1, Vec::new);
        }
        samples[column].push(value);
    }

    /// Prints the medians as a Markdown table.
    pub fn print(&self) {
        println!("\n## {}\n", self.title);
        println!("Medians of {}. {}.", self.rounds, machine::line());
        let columns = self.columns();
        if columns.first().is_some_and(|&column| self.contenders[column] == OURS) {
            println!("Behind a peer's figure: (× {OURS}'s figure divided by it).");
        }
        let mut lines = vec![vec![String::new()]];
        lines[0].extend(columns.iter().map(|&column| self.contenders[column].clone()));
        lines.extend(self.rows.iter().map(|row| self.cells(row, &columns)));
        print_aligned(&lines);
    }

    fn columns(&self) -> Vec<usize> {
        let mut columns: Vec<usize> = (0..self.contenders.len()).collect();
        columns.sort_by_key(|&column| self.contenders[column] != OURS);
        columns
    }

    fn cells(&self, row: &Row, columns: &[usize]) -> Vec<String> {
        let value = |column: usize| row.samples.get(column).and_then(|samples| median(samples));
        let ours = columns.iter().find(|&&column| self.contenders[column] == OURS);
        let ours = ours.and_then(|&column| value(column));
        let mut cells = vec![row.label.clone()];
        cells.extend(columns.iter().map(|&column| match (value(column), ours) {
            (None, _) => "–".to_owned(),
            (Some(theirs), Some(ours)) if self.contenders[column] != OURS && theirs > 0.0 => {
                format!("{} (×{})", figure(theirs), figure(ours / theirs))
            }
            (Some(figure_alone), _) => figure(figure_alone),
        }));
        cells
    }
}

fn median(samples: &[f64]) -> Option<f64> {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        len if len % 2 == 1 => Some(sorted[middle]),
        _ => Some(f64::midpoint(sorted[middle - 1], sorted[middle])),
    }
}

/// Three significant digits, with k for thousands and M for millions.
fn figure(value: f64) -> String {
    let (scaled, suffix) = match value {
        v if v >= 999_500.0 => (v / 1e6, "M"),
        v if v >= 9_995.0 => (v / 1e3, "k"),
        v => (v, ""),
    };
    match scaled {
        0.0 => "0".to_owned(),
        v if v >= 99.95 => format!("{v:.0}{suffix}"),
        v if v >= 9.995 => format!("{v:.1}{suffix}"),
        v => format!("{v:.2}{suffix}"),
    }
}

fn print_aligned(lines: &[Vec<String>]) {
    let width = |column: usize| {
        lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max()
    };
    let widths: Vec<usize> = (0..lines[0].len()).map(|column| width(column).unwrap_or(0)).collect();
    println!();
    for (index, line) in lines.iter().enumerate() {
        let cells = line.iter().zip(&widths).enumerate().map(|(column, (cell, &width))| {
            if column == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        });
        println!("| {} |", cells.collect::<Vec<_>>().join(" | "));
        if index == 0 {
            let rules = widths.iter().enumerate().map(|(column, &width)| {
                let rule = "-".repeat(width);
                if column == 0 { format!(":{rule}-") } else { format!("-{rule}:") }
            });
            println!("|{}|", rules.collect::<Vec<_>>().join("|"));
        }
    }
}

#[cfg(test)]
mod tests;
