//! Dates as IRC writes them, made of the seconds since 1970, and read back.
//!
//! Called by whoever shows a time: 003, TIME, the tag `time`, CHATHISTORY. It asks no clock: see
//! [`super::about::About`].

use std::time::Duration;

#[cfg(test)]
mod tests;

const DAY_S: u64 = 24 * 60 * 60;

/// `2026-11-26T01:46:28.620Z`, as the tag `time` has it (IRCv3 server-time; ISO 8601).
pub fn iso_8601(unix: Duration) -> String {
    let (year, month, day) = civil(unix.as_secs() / DAY_S);
    let (hour, minute, second) = clock(unix.as_secs() % DAY_S);
    let ms = unix.subsec_millis();
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z")
}

/// `2026-11-26 01:46:28 UTC`, for people.
pub fn readable(unix: Duration) -> String {
    let (year, month, day) = civil(unix.as_secs() / DAY_S);
    let (hour, minute, second) = clock(unix.as_secs() % DAY_S);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
}

/// What [`iso_8601`] writes, read back; with fewer digits after the second, or none.
pub fn parse_iso_8601(text: &str) -> Option<Duration> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let [year, month, day] = numbers(date, '-')?;
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let [hour, minute, second] = numbers(time, ':')?;
    let in_range = (1970..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60;
    if !in_range || fraction.is_empty() || fraction.len() > 9 {
        return None;
    }
    let nanos: u32 = format!("{fraction:0<9}").parse().ok()?;
    let secs = days(year, month, day) * DAY_S + hour * 3600 + minute * 60 + second;
    Some(Duration::new(secs, nanos))
}

fn numbers(text: &str, between: char) -> Option<[u64; 3]> {
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let mut parts = text.split(between).map(|part| digits(part).then(|| part.parse().ok())?);
    let all = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(all)
}

fn clock(second_of_day: u64) -> (u64, u64, u64) {
    (second_of_day / 3600, second_of_day / 60 % 60, second_of_day % 60)
}

/// The date of a day counted from 1970-01-01. Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
fn civil(day: u64) -> (u64, u64, u64) {
    // Counted from 0000-03-01, so that the leap day is the last of its year.
    let day = day + 719_468;
    let (era, of_era) = (day / 146_097, day % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

/// The day of a date, counted from 1970-01-01.
fn days(year: u64, month: u64, day: u64) -> u64 {
    let year = year - u64::from(month <= 2);
    let (era, year_of_era) = (year / 400, year % 400);
    let month_from_march = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year;
    era * 146_097 + of_era - 719_468
}
