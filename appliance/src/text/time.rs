//! Spans and points of time.

/// A span as operators write it, in milliseconds: `500ms`, `30s`, `5m`, `2h`, `1d`; a bare number counts seconds.
pub fn parse_span(text: &str) -> Result<u64, String> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at_checked(digits).unwrap_or(("", text));
    let scale = match unit {
        "ms" => 1,
        "" | "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(format!("{text:?} is no span of time: write 30s, 500ms, 5m, 2h or 1d")),
    };
    let number: u64 =
        number.parse().map_err(|_| format!("{text:?} is no span of time: write 30s, 500ms, 5m, 2h or 1d"))?;
    number.checked_mul(scale).ok_or_else(|| format!("{text:?} is too long a span of time"))
}

/// A span of seconds in at most seven characters up to 27 years: `12s`, `3m20s`, `4h05m`, `2d03h`, `340d`.
pub fn short_span(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match seconds {
        0..=59 => format!("{seconds}s"),
        60..=3599 => format!("{minutes}m{:02}s", seconds % 60),
        3600..=86_399 => format!("{hours}h{:02}m", minutes % 60),
        86_400..=8_639_999 => format!("{days}d{:02}h", hours % 24),
        _ => format!("{days}d"),
    }
}

/// A span of milliseconds as a sentence has it: `0.5 s`, `30 s`, `2 min`, `1 h 30 min`.
pub fn span(ms: u64) -> String {
    let seconds = ms / 1000;
    match (seconds, ms % 1000) {
        (0..=9, 1..) => format!("{seconds}.{} s", (ms % 1000) / 100),
        (0..=119, _) => format!("{seconds} s"),
        (120..=7199, _) if seconds.is_multiple_of(60) => format!("{} min", seconds / 60),
        (120..=7199, _) => format!("{} min {} s", seconds / 60, seconds % 60),
        _ if seconds % 3600 < 60 => format!("{} h", seconds / 3600),
        _ => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
    }
}

/// A point in time, given in milliseconds since 1970-01-01T00:00:00Z, as RFC 3339 has it.
pub fn timestamp(unix_ms: u64) -> String {
    let seconds = unix_ms / 1000;
    let (year, month, day) = date(seconds / 86_400);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", unix_ms % 1000)
}

/// The Gregorian date `days` after 1970-01-01. Years are counted from March, so that a leap day ends its year.
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468; // since 0000-03-01
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * day_of_year + 2) / 153; // 0 is March
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let (month, carry) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (era * 400 + year + carry, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_with_their_units() {
        assert_eq!(parse_span("30s"), Ok(30_000));
        assert_eq!(parse_span("1500ms"), Ok(1500));
        assert_eq!(parse_span("7"), Ok(7000));
        assert_eq!(parse_span("2h"), Ok(7_200_000));
        for wrong in ["", "s", "5w", "-1s", "1.5s", "99999999999999999d", "5 s"] {
            assert!(parse_span(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn spans_are_shown_short() {
        let shown: Vec<_> = [0, 59, 60, 3599, 3600, 86_400, 8_640_000].map(short_span).into();
        assert_eq!(shown, ["0s", "59s", "1m00s", "59m59s", "1h00m", "1d00h", "100d"]);
        let words: Vec<_> = [500, 30_000, 120_000, 150_000, 5_400_000, 7_200_000].map(span).into();
        assert_eq!(words, ["0.5 s", "30 s", "2 min", "2 min 30 s", "90 min", "2 h"]);
    }

    #[test]
    fn timestamps_know_leap_years() {
        assert_eq!(timestamp(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(timestamp(951_782_400_000), "2000-02-29T00:00:00.000Z");
        assert_eq!(timestamp(1_767_225_599_999), "2025-12-31T23:59:59.999Z");
        assert_eq!(timestamp(4_107_542_400_000), "2100-03-01T00:00:00.000Z");
    }
}
