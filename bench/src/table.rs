//! The rows of a run and whether each meets its budget.

use std::fmt;

/// What a row has to meet.
#[derive(Clone, Debug)]
pub(crate) enum Verdict {
    /// It does, or not.
    Budget {
        /// In words.
        text: &'static str,
        /// Whether it is met.
        met: bool,
    },
    /// Nothing: it is there for comparison.
    None,
}

/// One line.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) ours: String,
    pub(crate) peer: String,
    pub(crate) ratio: String,
    pub(crate) verdict: Verdict,
}

/// The rows in the order they were measured; each is shown on standard error as soon as it is known.
#[derive(Debug, Default)]
pub(crate) struct Table {
    rows: Vec<Row>,
    notes: Vec<String>,
}

impl Table {
    pub(crate) fn add(&mut self, row: Row) {
        eprintln!("{}: {} | {} | {}", row.name, row.ours, row.peer, row.ratio);
        self.rows.push(row);
    }

    pub(crate) fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ["row", "ours", "peer", "ratio", "budget", ""].map(str::to_owned);
        let rows = self.rows.iter().map(|row| {
            let (budget, met) = match &row.verdict {
                Verdict::Budget { text, met } => (*text, if *met { "met" } else { "GAP" }),
                Verdict::None => ("", ""),
            };
            [row.name.clone(), row.ours.clone(), row.peer.clone(), row.ratio.clone(), budget.into(), met.into()]
        });
        let lines: Vec<[String; 6]> = [head].into_iter().chain(rows).collect();
        let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or_default();
        let widths: [usize; 6] = std::array::from_fn(width);
        writeln!(f)?;
        for (number, line) in lines.iter().enumerate() {
            let cells: Vec<String> = line.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
            writeln!(f, "| {} |", cells.join(" | "))?;
            if number == 0 {
                writeln!(f, "|{}|", widths.map(|width| "-".repeat(width + 2)).join("|"))?;
            }
        }
        writeln!(f, "\nA figure is the median of the rounds, with the lowest and the highest round.")?;
        for note in &self.notes {
            writeln!(f, "{note}")?;
        }
        let verdicts = self.rows.iter().filter_map(|row| match row.verdict {
            Verdict::Budget { met, .. } => Some(met),
            Verdict::None => None,
        });
        let (met, gaps): (Vec<bool>, Vec<bool>) = verdicts.partition(|met| *met);
        writeln!(f, "\n{} budgets met, {} missed", met.len(), gaps.len())?;
        for row in self.rows.iter().filter(|row| matches!(row.verdict, Verdict::Budget { met: false, .. })) {
            writeln!(f, "GAP: {}", row.name)?;
        }
        Ok(())
    }
}
