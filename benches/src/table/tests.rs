//! What the figures in a cell look like.

use super::{Table, figure, median};
use crate::contender::OURS;

#[test]
fn a_median_is_the_middle_or_the_mean_of_the_two_middles() {
    assert_eq!(median(&[]), None);
    assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
    assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
}

#[test]
fn a_figure_has_three_significant_digits() {
    let shown = [0.0, 0.123, 9.99, 9.999, 123.4, 9_994.0, 12_345.0, 999_600.0, 1.5e8].map(figure);
    assert_eq!(shown, ["0", "0.12", "9.99", "10.0", "123", "9994", "12.3k", "1.00M", "150M"]);
}

#[test]
fn ours_comes_first_and_is_compared_with_each_peer() {
    let mut table = Table::new("test", 1);
    table.record("row", "peer", 2.0);
    table.record("row", OURS, 5.0);
    table.record("row", "absent", 1.0);
    table.record("other row", "peer", 1.0);
    let columns = table.columns();
    assert_eq!(
        table.cells(&table.rows[0], &columns),
        ["row", "5.00", "2.00 (×2.50)", "1.00 (×5.00)"]
    );
    assert_eq!(table.cells(&table.rows[1], &columns), ["other row", "–", "1.00", "–"]);
}
