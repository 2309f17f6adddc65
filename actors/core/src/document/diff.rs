//! What changed between two texts, as edits: an editor that knows files and nothing of histories says no more than that.

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::{Edit, Lines};

/// Bytes of a changed piece up to which it is compared character by character.
const REFINED: usize = 16 * 1024;
/// Lines from the first that differs to the last, of both texts, up to which they are compared one by one: the time for that grows with
/// the square of what differs.
const COMPARED: usize = 20_000;

/// The edits that make one text of another, from its end to its beginning, so that each is at its place in the old text. Compared by
/// lines, and changed lines by characters.
#[must_use]
pub fn edits_between(old: &str, new: &str) -> Vec<Edit> {
    let (old_lines, new_lines): (Vec<&str>, Vec<&str>) =
        (old.split_inclusive('\n').collect(), new.split_inclusive('\n').collect());
    if let Some(edit) = too_different(old, new, &old_lines, &new_lines) {
        return vec![edit];
    }
    let mut edits = Vec::new();
    for hunk in hunks(&old_lines, &new_lines) {
        let (old, new) = (&old[hunk.old.clone()], &new[hunk.new]);
        if old.len() + new.len() > REFINED {
            edits.push(splice(hunk.old.start, old, new));
            continue;
        }
        let (old_chars, new_chars) = (pieces_of(old), pieces_of(new));
        for finer in hunks(&old_chars, &new_chars) {
            edits.push(splice(hunk.old.start + finer.old.start, &old[finer.old], &new[finer.new]));
        }
    }
    edits.reverse();
    edits
}

/// Lines that came and went from one text to the other. Of texts of which very much differs all that may differ counts.
#[must_use]
pub fn lines_between(old: &str, new: &str) -> Lines {
    let (old_lines, new_lines): (Vec<&str>, Vec<&str>) =
        (old.split_inclusive('\n').collect(), new.split_inclusive('\n').collect());
    let lines = |text: &str| text.split_inclusive('\n').count() as u64;
    let changed: Vec<(u64, u64)> = match too_different(old, new, &old_lines, &new_lines) {
        Some(Edit::Splice { at, delete, insert }) => vec![(lines(&old[at..at + delete]), lines(&insert))],
        _ => {
            let counted = |hunk: Hunk| (lines(&old[hunk.old]), lines(&new[hunk.new]));
            hunks(&old_lines, &new_lines).into_iter().map(counted).collect()
        }
    };
    changed.into_iter().fold(Lines::default(), |sum, (removed, added)| Lines {
        added: sum.added + added,
        removed: sum.removed + removed,
    })
}

/// The one edit that stands for texts of which very much differs.
fn too_different(old: &str, new: &str, old_lines: &[&str], new_lines: &[&str]) -> Option<Edit> {
    let before = old_lines.iter().zip(new_lines).take_while(|(old, new)| old == new).count();
    let (old_rest, new_rest) = (&old_lines[before..], &new_lines[before..]);
    let after = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(|(old, new)| old == new).count();
    if old_rest.len() + new_rest.len() - 2 * after <= COMPARED {
        return None;
    }
    let bytes = |lines: &[&str]| lines.iter().map(|line| line.len()).sum::<usize>();
    let (at, end) = (bytes(&old_lines[..before]), bytes(&old_rest[old_rest.len() - after..]));
    Some(splice(at, &old[at..old.len() - end], &new[at..new.len() - end]))
}

/// Bytes of the old text that become those of the new.
struct Hunk {
    old: std::ops::Range<usize>,
    new: std::ops::Range<usize>,
}

fn splice(at: usize, old: &str, new: &str) -> Edit {
    Edit::Splice { at, delete: old.len(), insert: new.to_owned() }
}

fn pieces_of(text: &str) -> Vec<&str> {
    text.char_indices().map(|(at, one)| &text[at..at + one.len_utf8()]).collect()
}

fn hunks(old: &[&str], new: &[&str]) -> Vec<Hunk> {
    let starts = |pieces: &[&str]| {
        let mut starts = vec![0];
        starts.extend(pieces.iter().scan(0, |end, piece| {
            *end += piece.len();
            Some(*end)
        }));
        starts
    };
    let (old_starts, new_starts) = (starts(old), starts(new));
    // What is between pieces that are equal: the library may say the insertions and deletions there in either order.
    let (mut hunks, mut old_end, mut new_end) = (Vec::new(), 0, 0);
    let mut until = |old_start: usize, new_start: usize, length: usize| {
        if old_start > old_end || new_start > new_end {
            hunks.push(Hunk {
                old: old_starts[old_end]..old_starts[old_start],
                new: new_starts[new_end]..new_starts[new_start],
            });
        }
        (old_end, new_end) = (old_start + length, new_start + length);
    };
    for op in capture_diff_slices(Algorithm::Myers, old, new) {
        if let DiffOp::Equal { old_index, new_index, len } = op {
            until(old_index, new_index, len);
        }
    }
    until(old.len(), new.len(), 0);
    hunks
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::document::Body;

    fn applied(old: &str, new: &str) -> String {
        let mut body = Body::new(1);
        body.edit(&[Edit::Splice { at: 0, delete: 0, insert: old.to_owned() }]).unwrap();
        body.edit(&edits_between(old, new)).unwrap();
        body.text()
    }

    #[test]
    fn only_what_changed_is_changed() {
        let old = "# Title\n\none two three\nlast\n";
        let edits = edits_between(old, "# Title\n\none 2 three\nlast\n");
        let touched: usize =
            edits.iter().map(|edit| if let Edit::Splice { delete, .. } = edit { *delete } else { 0 }).sum();
        assert_eq!(touched, 3, "{edits:?}");
        assert_eq!(edits_between(old, old), []);
    }

    #[test]
    fn texts_of_which_very_much_differs_are_compared_as_a_whole() {
        let lines = |what: &str| (0..COMPARED).map(|n| format!("{what} {n}\n")).collect::<String>();
        let (old, new) = (format!("# Title\n{}end\n", lines("old")), format!("# Title\n{}end\n", lines("new")));
        assert_eq!(edits_between(&old, &new).len(), 1);
        assert_eq!(applied(&old, &new), new);
    }

    #[test]
    fn lines_that_came_and_went_are_counted() {
        let old = "# Title\n\none\ntwo\nlast";
        for (new, added, removed) in [
            (old, 0, 0),
            ("# Title\n\none\n2\nlast", 1, 1),
            ("# Title\n\nzero\none\ntwo\nlast\nmore\n", 3, 1),
            ("", 0, 5),
        ] {
            assert_eq!(lines_between(old, new), Lines { added, removed }, "{new:?}");
        }
        let lines = |what: &str| (0..COMPARED).map(|n| format!("{what} {n}\n")).collect::<String>();
        let much = COMPARED as u64;
        assert_eq!(lines_between(&lines("old"), &lines("new")), Lines { added: much, removed: much });
    }

    proptest! {
        #[test]
        fn the_edits_make_the_one_of_the_other(old in "[ab\n ä€😀]{0,60}", new in "[ab\n ä€😀]{0,60}") {
            prop_assert_eq!(applied(&old, &new), new);
        }
    }
}
