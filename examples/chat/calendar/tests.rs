//! Dates against a few that everybody knows.

use super::*;

#[test]
fn known_moments_are_written_as_they_are_known() {
    for (unix_s, written) in [
        (0, "1970-01-01T00:00:00.000Z"),
        (951_782_400, "2000-02-29T00:00:00.000Z"),
        (1_000_000_000, "2001-09-09T01:46:40.000Z"),
        (1_709_251_199, "2024-02-29T23:59:59.000Z"),
        (4_102_444_800, "2100-01-01T00:00:00.000Z"),
    ] {
        assert_eq!(iso_8601(Duration::from_secs(unix_s)), written);
        assert_eq!(parse_iso_8601(written), Some(Duration::from_secs(unix_s)));
    }
    assert_eq!(readable(Duration::from_secs(1_000_000_000)), "2001-09-09 01:46:40 UTC");
}

#[test]
fn milliseconds_are_kept_both_ways() {
    let at = Duration::from_millis(1_700_000_000_620);
    assert_eq!(iso_8601(at), "2023-11-14T22:13:20.620Z");
    assert_eq!(parse_iso_8601("2023-11-14T22:13:20.62Z"), Some(at));
}

#[test]
fn every_day_of_400_years_is_read_back_as_itself() {
    for day in 0..146_097 {
        let at = Duration::from_secs(day * DAY_S + 1);
        assert_eq!(parse_iso_8601(&iso_8601(at)), Some(at));
    }
}

#[test]
fn what_is_no_date_is_refused() {
    for text in [
        "",
        "Z",
        "T",
        "2023",
        "2023-11-14",
        "2023-11-14T22:13:20",
        "2023-13-14T22:13:20Z",
        "2023-11-14T24:13:20Z",
        "2023-11-14T22:13:20.Z",
        "2023-11-14T22:13:20.0123456789Z",
        "-2023-11-14T22:13:20Z",
        "2023-11-14T+2:13:20Z",
        "99999-11-14T22:13:20Z",
        "é-11-14T22:13:20Z",
    ] {
        assert_eq!(parse_iso_8601(text), None, "{text}");
    }
}
