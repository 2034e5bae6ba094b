//! What a witness tells people: when, and what each user saw, in two columns and plain words.

mod words;

use goldenpath_history::Record;
use std::collections::BTreeSet;
use std::fmt::Write;

/// Columns of users; who comes after them shares the last, by name.
const USERS: usize = 3;
/// Rows shown; a witness is rarely longer.
const SHOWN: usize = 16;
/// The widest a column of a terminal gets, in characters.
const WIDTH: usize = 84;

/// A witness, told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Story {
    /// Whose the columns are.
    pub users: Vec<String>,
    /// What happened, in order.
    pub rows: Vec<StoryRow>,
    /// Rows that are not told.
    pub untold: usize,
}

/// One moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoryRow {
    /// When: nanoseconds since the session began.
    pub t_ns: u64,
    /// Whose column it is in; `None` where it concerns nobody.
    pub user: Option<usize>,
    /// What was seen, in a few words.
    pub what: String,
}

impl Story {
    /// Tells the records of a witness.
    pub fn of<'a>(records: impl IntoIterator<Item = &'a Record<'a>>) -> Self {
        let records: Vec<&Record<'_>> = records.into_iter().collect();
        let mut names: Vec<&str> = Vec::new();
        for name in records.iter().filter_map(|record| record.user.as_deref()) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let conns: BTreeSet<_> =
            records.iter().filter_map(|record| Some((record.user.as_deref()?, record.conn?))).collect();
        let row = |record: &&Record<'_>| {
            let place = record.user.as_deref().and_then(|user| names.iter().position(|name| *name == user));
            let mut what = words::of(record);
            if let (Some(user), Some(conn)) = (record.user.as_deref(), record.conn)
                && conns.iter().filter(|(name, _)| *name == user).count() > 1
            {
                what = format!("(connection {conn}) {what}");
            }
            if let (Some(place), Some(user)) = (place, record.user.as_deref())
                && place + 1 >= USERS
                && names.len() > USERS
            {
                what = format!("{}: {what}", words::short(user));
            }
            if place.is_none() {
                what = format!("({what})");
            }
            StoryRow { t_ns: record.t_ns, user: place.map(|place| place.min(USERS - 1)), what }
        };
        let rows: Vec<StoryRow> = records.iter().take(SHOWN).map(row).collect();
        let mut users: Vec<String> = names.iter().take(USERS).map(|name| words::short(name)).collect();
        if let (Some(last), true) = (users.last_mut(), names.len() > USERS) {
            "others".clone_into(last);
        }
        Self { users, untold: records.len() - rows.len(), rows }
    }

    /// For a terminal, every line behind `indent`.
    #[must_use]
    pub fn text(&self, indent: &str) -> String {
        let columns = self.users.len().max(1);
        let cell = |row: &StoryRow| clipped(&row.what, WIDTH);
        let mut widths: Vec<usize> = (0..columns)
            .map(|column| {
                let cells = self.rows.iter().filter(|row| row.user.unwrap_or(0) == column).map(cell);
                let head = self.users.get(column).cloned().unwrap_or_default();
                cells.chain([head]).map(|cell| cell.chars().count()).max().unwrap_or(0)
            })
            .collect();
        // Nothing stands behind the last one.
        if let Some(last) = widths.last_mut() {
            *last = 0;
        }
        let mut out = String::new();
        let mut line = |time: &str, cells: &dyn Fn(usize) -> String| {
            let mut line = format!("{indent}{time:>9}");
            for (column, width) in widths.iter().enumerate() {
                let _ = write!(line, "  {:<width$}", cells(column));
            }
            let _ = writeln!(out, "{}", line.trim_end());
        };
        line("", &|column| self.users.get(column).cloned().unwrap_or_default());
        for row in &self.rows {
            let in_column = |column| if row.user.unwrap_or(0) == column { cell(row) } else { String::new() };
            line(&seconds(row.t_ns), &in_column);
        }
        if self.untold > 0 {
            let _ = writeln!(out, "{indent}{:>9}  and {} more records", "…", self.untold);
        }
        out
    }

    /// The columns and rows as Markdown's table, texts not yet made safe: `cell` does that.
    pub(crate) fn markdown(&self, cell: impl Fn(&str) -> String) -> String {
        let mut out = String::from("| |");
        let columns = self.users.len().max(1);
        for column in 0..columns {
            let _ = write!(out, " {} |", cell(self.users.get(column).map_or("", String::as_str)));
        }
        let _ = write!(out, "\n|---:|{}\n", "---|".repeat(columns));
        for row in &self.rows {
            let _ = write!(out, "| {} |", seconds(row.t_ns));
            for column in 0..columns {
                let what = if row.user.unwrap_or(0) == column { cell(&row.what) } else { String::new() };
                let _ = write!(out, " {what} |");
            }
            out.push('\n');
        }
        if self.untold > 0 {
            let _ = writeln!(out, "\n… and {} more records.", self.untold);
        }
        out
    }
}

#[allow(clippy::cast_precision_loss, reason = "a session is far below 2^53 ns")]
fn seconds(t_ns: u64) -> String {
    format!("{:.3} s", t_ns as f64 / 1e9)
}

fn clipped(text: &str, width: usize) -> String {
    if text.chars().nth(width).is_none() {
        return text.to_owned();
    }
    text.chars().take(width - 1).chain(['…']).collect()
}
