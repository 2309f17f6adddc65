//! Delta debugging of a list: what can be left out while the question is still answered with yes.

/// The list without everything that `holds` does not need: pieces of half its length are tried first, then of a quarter, down to one.
/// `holds` is asked about shorter lists only; the list itself is taken to hold.
pub fn minimize<T: Clone>(items: &[T], mut holds: impl FnMut(&[T]) -> bool) -> Vec<T> {
    let mut kept = items.to_vec();
    let mut piece = kept.len();
    while piece > 0 {
        let mut at = 0;
        while at < kept.len() {
            let end = (at + piece).min(kept.len());
            let without = [&kept[..at], &kept[end..]].concat();
            if holds(&without) {
                kept = without;
            } else {
                at = end;
            }
        }
        piece = if piece > kept.len() { kept.len() } else { piece / 2 };
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::minimize;

    #[test]
    fn what_is_needed_is_kept_and_nothing_else() {
        let items: Vec<u32> = (0..40).collect();
        let kept = minimize(&items, |some| some.contains(&3) && some.contains(&29));
        assert_eq!(kept, vec![3, 29]);
    }

    #[test]
    fn an_empty_list_is_asked_about_first() {
        let mut asked = Vec::new();
        let kept = minimize(&[1, 2, 3], |some| {
            asked.push(some.to_vec());
            true
        });
        assert!(kept.is_empty());
        assert_eq!(asked, vec![Vec::<i32>::new()]);
    }
}
