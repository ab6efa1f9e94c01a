//! What is printed at the end: the median of each figure, a line for each of those measured.

/// A column: heading, value, digits after the point.
pub(super) type Column<T> = (&'static str, fn(&T) -> f64, usize);

/// The medians of all samples of each, and the ratio of the first to the second.
pub(super) fn medians<T, const N: usize>(columns: &[Column<T>; N], measured: &[(&str, Vec<T>)]) -> String {
    let mut report = String::new();
    let mut line = |name: &str, cells: [String; N]| {
        let cells = cells.map(|cell| format!("{cell:>14}")).concat();
        report.push_str(&format!("{name:<16}{cells}\n"));
    };
    if measured.is_empty() {
        return report;
    }
    line("median", columns.map(|(heading, ..)| heading.to_owned()));
    for (name, samples) in measured {
        line(name, columns.map(|(_, value, digits)| format!("{:.digits$}", median(samples, value))));
    }
    if let [(name, first), (other, second), ..] = measured {
        line(
            &format!("{name}/{other}"),
            columns.map(|(_, value, _)| format!("{:.2}", median(first, value) / median(second, value))),
        );
    }
    report
}

/// The median; NaN of nothing.
pub(super) fn median<T>(samples: &[T], value: impl Fn(&T) -> f64) -> f64 {
    let mut values: Vec<f64> = samples.iter().map(value).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
