//! Whatever happens between replicas, they end with one text, in which everything typed is there once.

use proptest::prelude::*;

use super::*;

#[test]
fn what_was_typed_apart_is_in_both_once_when_they_meet() {
    let (mut a, mut b) = (Place::new(1), Place::new(2));
    join(&mut a, &mut b, 1);
    a.edit(0, "one text");
    carry(&mut a, &mut b, 1);
    part(&mut a, &mut b, 1);
    a.edit(0, "<left>");
    b.edit(8, "<right>");
    join(&mut a, &mut b, 2);
    assert_eq!((a.text().as_str(), b.text().as_str()), ("<left>one text<right>", "<left>one text<right>"));
}

/// Three places in a row: two nodes and the cloud between them.
#[derive(Clone, Debug)]
enum Move {
    /// A marker is typed at a place, somewhere in its text.
    Type { place: usize, at: u16 },
    /// A piece of the text goes.
    Delete { place: usize, at: u16, length: u8 },
    /// A link comes or goes.
    Toggle { link: usize },
    /// A log becomes durable.
    Sync { place: usize },
    /// A process ends without warning.
    Crash { place: usize, torn: usize },
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        5 => (0..3_usize, any::<u16>()).prop_map(|(place, at)| Move::Type { place, at }),
        2 => (0..3_usize, any::<u16>(), 1..9_u8).prop_map(|(place, at, length)| Move::Delete { place, at, length }),
        2 => (0..2_usize).prop_map(|link| Move::Toggle { link }),
        2 => (0..3_usize).prop_map(|place| Move::Sync { place }),
        1 => (0..3_usize, 0..3_usize).prop_map(|(place, torn)| Move::Crash { place, torn }),
    ];
    prop::collection::vec(one, 1..80)
}

struct Row {
    places: [Place; 3],
    is_up: [bool; 2],
    links: u64,
    on: [u64; 2],
}

impl Row {
    fn pair(&mut self, link: usize) -> (&mut Place, &mut Place) {
        let (left, right) = self.places.split_at_mut(link + 1);
        (&mut left[link], &mut right[0])
    }

    fn set(&mut self, link: usize, up: bool) {
        if self.is_up[link] == up {
            return;
        }
        self.is_up[link] = up;
        if up {
            self.links += 1;
            self.on[link] = self.links;
        }
        let number = self.on[link];
        let (a, b) = self.pair(link);
        if up {
            join(a, b, number)
        } else {
            part(a, b, number)
        }
        self.carry();
    }

    fn carry(&mut self) {
        for _ in 0..4 {
            for link in 0..2 {
                if self.is_up[link] {
                    let number = self.on[link];
                    let (a, b) = self.pair(link);
                    carry(a, b, number);
                }
            }
        }
    }
}

/// Where a character of the text begins, or its end.
fn place_in(text: &str, at: u16) -> usize {
    let places: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    places[usize::from(at) % places.len()]
}

/// A character that is typed once in all: neither a deletion nor another marker makes a second one.
fn marker(number: usize) -> String {
    char::from_u32(0x4E00 + u32::try_from(number).unwrap()).unwrap().to_string()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn replicas_end_with_one_text_and_nothing_that_was_called_durable_is_lost(moves in moves()) {
        let mut row = Row { places: [1, 2, 3].map(Place::new), is_up: [false; 2], links: 0, on: [0; 2] };
        let (mut typed, mut deleted) = (Vec::new(), false);
        for (number, one) in moves.into_iter().enumerate() {
            match one {
                Move::Type { place, at } => {
                    let marker = marker(number);
                    let here = &mut row.places[place];
                    let at = place_in(&here.text(), at);
                    here.told.clear();
                    here.edit(at, &marker);
                    typed.push((place, marker, false));
                }
                Move::Delete { place, at, length } => {
                    let text = row.places[place].text();
                    let at = place_in(&text, at);
                    let delete = text[at..].chars().take(usize::from(length)).map(char::len_utf8).sum();
                    let edit = Edit::Splice { at, delete, insert: String::new() };
                    row.places[place].input(Input::Ask { ask: AskId(1), what: Ask::Edit(vec![edit]) });
                    deleted |= delete > 0;
                }
                Move::Toggle { link } => {
                    let up = !row.is_up[link];
                    row.set(link, up);
                }
                Move::Sync { place } => {
                    row.places[place].sync();
                    typed.iter_mut().filter(|(at, ..)| *at == place).for_each(|(.., kept)| *kept = true);
                }
                Move::Crash { place, torn } => {
                    for link in 0..2 {
                        if link == place || link + 1 == place {
                            row.set(link, false);
                        }
                    }
                    row.places[place].crash(torn);
                    typed.retain(|(at, _, kept)| *at != place || *kept); // the others may be lost
                }
            }
            row.carry();
        }
        row.places.iter_mut().for_each(Place::sync);
        row.set(0, true);
        row.set(1, true);
        row.carry();
        let texts = row.places.each_ref().map(Place::text);
        prop_assert_eq!(&texts[0], &texts[1]);
        prop_assert_eq!(&texts[1], &texts[2]);
        for (_, marker, kept) in &typed {
            let times = texts[0].matches(marker.as_str()).count();
            prop_assert!(times <= 1, "{marker} is there {times} times");
            prop_assert!(deleted || !kept || times == 1, "{marker} was durable and is gone from {:?}", texts[0]);
        }
    }
}
