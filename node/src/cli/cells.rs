//! Which cells of a notebook are meant: `3`, `1,4`, `2-5`.

use std::ops::RangeInclusive;
use std::str::FromStr;

/// A choice of cells by their numbers, from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CellSelection(Vec<RangeInclusive<u32>>);

/// Text that is not a choice of cells.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a choice of cells: write numbers from 1 and ranges, like 3, 1,4 or 2-5")]
pub struct CellSelectionError(String);

impl CellSelection {
    /// Whether a cell is meant.
    #[must_use]
    pub fn contains(&self, cell: u32) -> bool {
        self.0.iter().any(|range| range.contains(&cell))
    }

    /// The highest cell that is named.
    #[must_use]
    pub fn last(&self) -> u32 {
        self.0.iter().map(|range| *range.end()).max().unwrap_or_default()
    }
}

impl FromStr for CellSelection {
    type Err = CellSelectionError;

    fn from_str(text: &str) -> Result<Self, CellSelectionError> {
        let number = |text: &str| text.trim().parse::<u32>().ok().filter(|number| *number > 0);
        let range = |part: &str| {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last) = (number(first)?, number(last)?);
            (first <= last).then_some(first..=last)
        };
        let ranges: Option<Vec<_>> = text.split(',').map(range).collect();
        ranges.map(Self).ok_or_else(|| CellSelectionError(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(text: &str) -> Vec<u32> {
        let selection: CellSelection = text.parse().expect(text);
        (1..10).filter(|cell| selection.contains(*cell)).collect()
    }

    #[test]
    fn numbers_and_ranges_choose_cells() {
        assert_eq!(chosen("3"), [3]);
        assert_eq!(chosen("4,1"), [1, 4]);
        assert_eq!(chosen("2-4, 6,7-7"), [2, 3, 4, 6, 7]);
        assert_eq!("2-4,3".parse::<CellSelection>().expect("cells").last(), 4);
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "0", "a", "1,", "4-2", "1-2-3", "-3", "99999999999"] {
            assert!(text.parse::<CellSelection>().is_err(), "{text}");
        }
    }
}
