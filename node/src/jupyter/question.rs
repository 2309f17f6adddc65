//! What a front end asks besides executing: its requests as questions to the session's kernel, the answers as Jupyter's messages.

use jupyter_protocol::messaging::{HistoryRequest, JupyterMessageContent as Content};
use serde_json::{Value, json};
use wayfare_protocol::ask::{Completeness, Completion, Detail, HistoryEntry, Inspection, KernelAsk, KernelTold};

/// The number of the one session that a kernel tells the history of: its own.
const SESSION: i32 = 1;

/// The question of a request; `None` if it is none.
pub(super) fn of_request(content: &Content) -> Option<KernelAsk> {
    Some(match content {
        Content::CompleteRequest(asked) => {
            KernelAsk::Complete { code: asked.code.clone(), cursor: clamped(asked.cursor_pos) }
        }
        Content::InspectRequest(asked) => KernelAsk::Inspect {
            code: asked.code.clone(),
            cursor: clamped(asked.cursor_pos),
            detail: if asked.detail_level.unwrap_or(0) == 0 { Detail::Documentation } else { Detail::Source },
        },
        Content::IsCompleteRequest(asked) => KernelAsk::IsComplete { code: asked.code.clone() },
        Content::HistoryRequest(asked) => of_history(asked),
        _ => return None,
    })
}

fn of_history(asked: &HistoryRequest) -> KernelAsk {
    let all = u32::MAX;
    let (last, before, contains) = match asked {
        HistoryRequest::Tail { n, .. } => (u32::try_from(*n).unwrap_or(0), 0, String::new()),
        HistoryRequest::Range { start, stop, .. } => {
            let (start, stop) = (u32::try_from(*start).unwrap_or(0), u64::try_from(*stop).unwrap_or(0));
            // Without an end it goes through the newest.
            if stop == 0 { (all, 0, String::new()) } else { (clamped(stop).saturating_sub(start), stop, String::new()) }
        }
        HistoryRequest::Search { pattern, .. } => {
            // The longest text between wildcards thins them out; the rest is decided when they are there.
            let longest = pattern.split(['*', '?']).max_by_key(|text| text.len()).unwrap_or_default();
            (all, 0, longest.to_owned())
        }
    };
    KernelAsk::History { last, before, contains }
}

/// The reply to a request, of what the kernel told; without it, the reply of a kernel that knows nothing.
pub(super) fn reply(asked: &Content, told: Option<&KernelTold>) -> Option<(&'static str, Value)> {
    Some(match (asked, told) {
        (_, Some(KernelTold::Completions { matches, cursor_start, cursor_end })) => {
            ("complete_reply", of_completions(matches, *cursor_start, *cursor_end))
        }
        (Content::CompleteRequest(asked), _) => {
            let at = clamped(asked.cursor_pos);
            ("complete_reply", of_completions(&[], at, at))
        }
        (_, Some(KernelTold::Inspection(inspection))) => ("inspect_reply", of_inspection(inspection)),
        (Content::InspectRequest(_), _) => ("inspect_reply", of_inspection(&Inspection::default())),
        (_, Some(KernelTold::Completeness { status: Completeness::Incomplete, indent })) => {
            ("is_complete_reply", json!({ "status": "incomplete", "indent": indent }))
        }
        (_, Some(KernelTold::Completeness { status, .. })) => ("is_complete_reply", json!({ "status": status })),
        (Content::IsCompleteRequest(_), _) => ("is_complete_reply", json!({ "status": Completeness::Unknown })),
        (Content::HistoryRequest(asked), Some(KernelTold::History { entries, .. })) => {
            ("history_reply", of_entries(&chosen(asked, entries), wants_output(asked)))
        }
        (Content::HistoryRequest(_), _) => ("history_reply", of_entries(&[], false)),
        _ => return None,
    })
}

fn of_completions(matches: &[Completion], start: u32, end: u32) -> Value {
    let labels: Vec<_> = matches.iter().map(|completion| completion.label.as_str()).collect();
    // IPython's own field, which JupyterLab shows.
    let kinds: Vec<_> = matches.iter().map(|completion| of_kind(completion, start, end)).collect();
    json!({
        "status": "ok",
        "matches": labels,
        "cursor_start": start,
        "cursor_end": end,
        "metadata": { "_jupyter_types_experimental": kinds },
    })
}

fn of_kind(completion: &Completion, start: u32, end: u32) -> Value {
    json!({
        "start": start,
        "end": end,
        "text": completion.label,
        "type": completion.kind.as_deref().unwrap_or("<unknown>"),
        "signature": completion.detail.as_deref().unwrap_or_default(),
    })
}

/// As IPython writes it: a field to a line, longer ones below their name.
fn of_inspection(told: &Inspection) -> Value {
    let fields = [
        ("Signature", &told.signature),
        ("Type", &told.kind),
        ("String form", &told.value),
        ("File", &told.file),
        ("Docstring", &told.docstring),
        ("Source", &told.source_code),
    ];
    let known: Vec<_> = fields.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?))).collect();
    let text = match known.as_slice() {
        // What a kernel did not part is all documentation.
        [("Docstring", whole)] => (*whole).clone(),
        known => {
            let line = |(name, value): &(&str, &String)| {
                let gap = if value.contains('\n') { '\n' } else { ' ' };
                format!("{name}:{gap}{value}")
            };
            known.iter().map(line).collect::<Vec<_>>().join("\n")
        }
    };
    let data = if told.found { json!({ "text/plain": text }) } else { json!({}) };
    json!({ "status": "ok", "found": told.found, "data": data, "metadata": {} })
}

fn chosen<'a>(asked: &HistoryRequest, entries: &'a [HistoryEntry]) -> Vec<&'a HistoryEntry> {
    match asked {
        HistoryRequest::Tail { .. } => entries.iter().collect(),
        // Sessions before this one are another kernel's.
        HistoryRequest::Range { session, start, .. } => {
            let is_own = session.is_none_or(|session| session == 0 || session == SESSION);
            let start = u64::try_from(*start).unwrap_or(0);
            entries.iter().filter(|entry| is_own && entry.history_index >= start).collect()
        }
        HistoryRequest::Search { pattern, unique, n, .. } => {
            let pattern: Vec<char> = pattern.chars().collect();
            let mut found: Vec<&HistoryEntry> = Vec::new();
            for entry in entries.iter().rev().filter(|entry| fits(&pattern, &entry.code.chars().collect::<Vec<_>>())) {
                if !(*unique && found.iter().any(|known| known.code == entry.code)) {
                    found.push(entry);
                }
            }
            if let Ok(most) = usize::try_from(*n)
                && most > 0
            {
                found.truncate(most);
            }
            found.reverse();
            found
        }
    }
}

fn wants_output(asked: &HistoryRequest) -> bool {
    match asked {
        HistoryRequest::Tail { output, .. }
        | HistoryRequest::Range { output, .. }
        | HistoryRequest::Search { output, .. } => *output,
    }
}

/// Outputs are kept with their runs, not here: where they are wanted, there is none.
fn of_entries(entries: &[&HistoryEntry], with_output: bool) -> Value {
    let entry = |entry: &&HistoryEntry| {
        let code = if with_output { json!([entry.code, null]) } else { json!(entry.code) };
        json!([SESSION, entry.history_index, code])
    };
    json!({ "status": "ok", "history": entries.iter().map(entry).collect::<Vec<_>>() })
}

/// Whether a text is of a pattern in which `*` stands for any text and `?` for any character (SQLite's GLOB, as Jupyter's).
fn fits(pattern: &[char], text: &[char]) -> bool {
    let (mut at, mut read) = (0, 0);
    // Where the last `*` stood, and how far it reaches by now.
    let mut star: Option<(usize, usize)> = None;
    while read < text.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, read));
                at += 1;
            }
            Some(wanted) if *wanted == '?' || *wanted == text[read] => (at, read) = (at + 1, read + 1),
            _ => {
                let Some((star_at, reached)) = star else { return false };
                star = Some((star_at, reached + 1));
                (at, read) = (star_at + 1, reached + 1);
            }
        }
    }
    pattern[at..].iter().all(|left| *left == '*')
}

fn clamped(number: impl TryInto<u32>) -> u32 {
    number.try_into().unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(codes: &[&str]) -> KernelTold {
        let entries =
            (1..).zip(codes).map(|(history_index, code)| HistoryEntry { history_index, code: (*code).into() });
        KernelTold::History { entries: entries.collect(), has_more: false }
    }

    fn indices(asked: HistoryRequest, told: &KernelTold) -> Vec<u64> {
        let (kind, content) = reply(&Content::HistoryRequest(asked), Some(told)).expect("a reply");
        assert_eq!(kind, "history_reply");
        let entries = content["history"].as_array().expect("entries");
        entries.iter().map(|entry| entry[1].as_u64().expect("a number")).collect()
    }

    #[test]
    fn a_history_is_searched_by_pattern_newest_last_and_each_code_once_if_wanted() {
        let told = told(&["1+2", "x", "1+2", "1*2+y"]);
        let search = |pattern: &str, unique, n| HistoryRequest::Search {
            pattern: pattern.to_owned(),
            unique,
            output: false,
            raw: true,
            n,
        };
        assert_eq!(indices(search("1?2*", false, 0), &told), [1, 3, 4]);
        assert_eq!(indices(search("1?2*", true, 0), &told), [3, 4]);
        assert_eq!(indices(search("1?2*", false, 2), &told), [3, 4]);
        assert_eq!(indices(search("x?", false, 0), &told), [0_u64; 0]);
        assert_eq!(indices(search("*2", false, 0), &told), [1, 3]);
        let asked = of_request(&Content::HistoryRequest(search("a?bcd*", false, 1)));
        assert!(matches!(asked, Some(KernelAsk::History { contains, .. }) if contains == "bcd"));
    }

    #[test]
    fn a_range_is_of_this_session_and_without_its_end() {
        let range = |session, start, stop| HistoryRequest::Range { session, start, stop, output: false, raw: true };
        let asked = of_request(&Content::HistoryRequest(range(Some(0), 2, 4)));
        assert_eq!(asked, Some(KernelAsk::History { last: 2, before: 4, contains: String::new() }));
        let told = told(&["a", "b", "c"]);
        assert_eq!(indices(range(None, 2, 0), &told), [2, 3]);
        assert_eq!(indices(range(Some(-1), 1, 3), &told), [0_u64; 0]);
    }

    #[test]
    fn what_is_known_of_a_name_is_one_text() {
        let told = Inspection {
            found: true,
            signature: Some("f(x)".into()),
            docstring: Some("Does it.\nTwice.".into()),
            ..Inspection::default()
        };
        assert_eq!(of_inspection(&told)["data"]["text/plain"], "Signature: f(x)\nDocstring:\nDoes it.\nTwice.");
        let whole = Inspection { signature: None, ..told };
        assert_eq!(of_inspection(&whole)["data"]["text/plain"], "Does it.\nTwice.");
        assert_eq!(of_inspection(&Inspection::default())["data"], json!({}));
    }

    #[test]
    fn without_an_answer_the_reply_knows_nothing() {
        let asked = Content::IsCompleteRequest(jupyter_protocol::messaging::IsCompleteRequest { code: "x".into() });
        assert_eq!(reply(&asked, None), Some(("is_complete_reply", json!({ "status": "unknown" }))));
    }
}
