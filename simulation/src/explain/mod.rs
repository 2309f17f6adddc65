//! Reading a run: everything that was said in it, as a story per place, as an actor at a time, or as a page.

mod dump;
mod page;
mod story;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::trace::{Heard, Line, Listener, Message};

/// A line of the trace, kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Virtual time since the beginning.
    pub at: Duration,
    /// The machine or the person.
    pub place: String,
    /// The actor there.
    pub actor: String,
    /// What it said.
    pub text: String,
}

/// A message between two places, kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passage {
    /// When it was sent.
    pub sent: Duration,
    /// When it arrives, if nothing comes between.
    pub arrives: Duration,
    /// Where it was sent.
    pub from: String,
    /// Where to.
    pub to: String,
    /// What it is.
    pub text: String,
}

#[derive(Default)]
struct Kept {
    entries: Vec<Entry>,
    passages: Vec<Passage>,
}

/// Keeps everything that is said in a run.
#[derive(Clone, Default)]
pub struct Recording(Arc<Mutex<Kept>>);

impl Recording {
    /// What listens for it.
    #[must_use]
    pub fn listener(&self) -> Listener {
        let kept = Arc::clone(&self.0);
        Box::new(move |heard| {
            let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
            match heard {
                Heard::Line(Line { at, place, actor, text }) => {
                    let at = Duration::from_nanos(at);
                    let (place, actor, text) = (place.to_owned(), actor.to_owned(), text.to_owned());
                    kept.entries.push(Entry { at, place, actor, text });
                }
                Heard::Message(Message { sent, arrives, from, to, frame }) => {
                    let (sent, arrives) = (Duration::from_nanos(sent), Duration::from_nanos(arrives));
                    let text = page::message(frame);
                    kept.passages.push(Passage { sent, arrives, from: from.to_string(), to: to.to_string(), text });
                }
            }
        })
    }

    fn entries(&self) -> Vec<Entry> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entries.clone()
    }

    fn passages(&self) -> Vec<Passage> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).passages.clone()
    }
}

/// The beginning of a text, for people.
fn beginning(text: &str, letters: usize) -> String {
    match text.char_indices().nth(letters) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Bytes in a text say nothing to people.
fn without_bytes(text: &str) -> String {
    let is_begin = |at: usize| ["(", "[", ": "].iter().any(|before| text[..at].ends_with(before));
    let Some((at, _)) = text.match_indices("b\"").find(|(at, _)| is_begin(*at)) else { return text.to_owned() };
    let rest = &text[at + 2..];
    let (mut end, mut is_escaped) = (rest.len(), false);
    for (at, letter) in rest.char_indices() {
        if letter == '"' && !is_escaped {
            end = at;
            break;
        }
        is_escaped = letter == '\\' && !is_escaped;
    }
    format!("{}…{}", &text[..at], without_bytes(rest.get(end + 1..).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Plan;
    use crate::simulation::run;

    #[test]
    fn bytes_are_left_out() {
        assert_eq!(without_bytes(r#"Transmit(b"\0\"x\\"), bytes: b"y" too"#), "Transmit(…), bytes: … too");
        assert_eq!(without_bytes(r#"project: "lab", name: "b""#), r#"project: "lab", name: "b""#);
    }

    #[test]
    fn a_run_is_told_as_a_story_a_dump_and_a_page() {
        let plan = Plan::of(3, None);
        let recording = Recording::default();
        let report = run(&plan, Some(recording.listener())).unwrap();
        let story = recording.story(&plan, Duration::MAX);
        assert!(story.contains("== cloud") && story.contains("== node0") && story.contains("== person0"), "{story}");
        assert!(story.contains("runs "), "{story}");
        let dump = recording.dump("node0 session", Duration::MAX);
        assert!(dump.contains("phases session.") && dump.contains("Done"), "{dump}");
        assert_eq!(recording.dump("nobody", Duration::MAX), "");
        // Nothing of the data ends the script that holds it.
        let page = recording.page(&plan, &report);
        assert_eq!(page.matches("</script>").count(), 1);
        assert!(page.contains("\"passages\":[["), "arrows are there");
    }
}
