//! Tables that fit 80 columns where they can: a narrower gap first, then shorter titles.

use std::io::{self, Write};

use super::WIDTH;
use super::style::{Paint, Style};

/// A column.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its title.
    pub title: &'static str,
    /// Its title where there is little room.
    pub short: &'static str,
    /// Whether it holds numbers, which end at the right.
    pub right: bool,
}

/// A cell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    text: String,
    paint: Paint,
}

impl Cell {
    /// Text that says how things are.
    pub fn painted(paint: Paint, text: impl Into<String>) -> Self {
        Self { text: text.into(), paint }
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::painted(Paint::Plain, text)
    }
}

/// A table of `N` columns. Rows are given twice, to measure and to print, so that a million of them need no room.
#[derive(Debug)]
pub struct Table<const N: usize> {
    columns: [Column; N],
    /// The widest cell of each column.
    cells: [usize; N],
}

impl<const N: usize> Table<N> {
    /// Titles from the left to the right.
    pub const fn new(columns: [Column; N]) -> Self {
        Self { columns, cells: [0; N] }
    }

    /// Makes room for a row.
    pub fn measure(&mut self, row: &[Cell; N]) {
        for (width, cell) in self.cells.iter_mut().zip(row) {
            *width = (*width).max(columns(&cell.text));
        }
    }

    /// The printer, once every row was measured.
    pub fn layout(&self, style: Style) -> Layout<N> {
        let long = self.columns.map(|column| column.title);
        let short = self.columns.map(|column| column.short);
        let layouts = [(long, 2), (long, 1), (short, 2), (short, 1)];
        let fitting = layouts.into_iter().find(|(titles, gap)| self.total(titles, *gap) <= WIDTH);
        let (titles, gap) = fitting.unwrap_or((short, 1));
        Layout {
            titles,
            gap,
            widths: self.widths(&titles),
            right: self.columns.map(|column| column.right),
            style,
        }
    }

    /// Prints rows that are at hand.
    pub fn print(&mut self, rows: &[[Cell; N]], style: Style, out: &mut impl Write) -> io::Result<()> {
        for row in rows {
            self.measure(row);
        }
        let layout = self.layout(style);
        layout.head(out)?;
        rows.iter().try_for_each(|row| layout.line(row, out))
    }

    fn widths(&self, titles: &[&str; N]) -> [usize; N] {
        let mut widths = self.cells;
        for (width, title) in widths.iter_mut().zip(titles) {
            *width = (*width).max(columns(title));
        }
        widths
    }

    fn total(&self, titles: &[&str; N], gap: usize) -> usize {
        self.widths(titles).iter().sum::<usize>() + gap * N.saturating_sub(1)
    }
}

/// A table that knows its widths.
#[derive(Debug)]
pub struct Layout<const N: usize> {
    titles: [&'static str; N],
    gap: usize,
    widths: [usize; N],
    right: [bool; N],
    style: Style,
}

impl<const N: usize> Layout<N> {
    /// Prints the titles.
    pub fn head(&self, out: &mut impl Write) -> io::Result<()> {
        self.line(&self.titles.map(|title| Cell::painted(Paint::Title, title)), out)
    }

    /// Prints a row.
    pub fn line(&self, row: &[Cell; N], out: &mut impl Write) -> io::Result<()> {
        let mut pending = 0;
        for (position, cell) in row.iter().enumerate() {
            let width = self.widths.get(position).copied().unwrap_or_default();
            let padding = width.saturating_sub(columns(&cell.text));
            let (before, after) =
                if self.right.get(position) == Some(&true) { (padding, 0) } else { (0, padding) };
            // Blanks are written only once something follows them: no line ends in blanks.
            if !cell.text.is_empty() {
                let blanks = pending + before;
                write!(out, "{:blanks$}{}", "", self.style.paint(cell.paint, &cell.text))?;
                pending = after + self.gap;
            } else {
                pending += width + self.gap;
            }
        }
        writeln!(out)
    }
}

/// Columns that a text takes; what crier prints in tables is one column a character.
fn columns(text: &str) -> usize {
    text.chars().count()
}
