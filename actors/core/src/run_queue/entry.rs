//! Runs that wait in a document for the device that was asked for them without a connection: the map [`QUEUE`], from the id of each to what
//! is known of it. The code and everything else that is sent stays at that device, and only that device sends it: to take a run back is to take
//! its entry out.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::Deserialize as _;
use serde::de::IntoDeserializer as _;
use wayfare_protocol::document::CharacterId;
use wayfare_protocol::limits::{QUEUED_RUN_MAX, QUEUED_RUNS_MAX};
use wayfare_protocol::session::{Language, SessionKey, SessionName};
use wayfare_protocol::{DeviceId, ErrorCode, RunId, SessionId, Wall};

use crate::document::{Body, Edit, REPLICAS};

/// The map of runs that wait.
pub const QUEUE: &str = "queue";

/// Numbers that every reader has exactly, those that count in floating point too.
const EXACT: u64 = 1 << 53;

/// One of them: in the map as `<device> <milliseconds> <client>.<clock> <language> <session>`, once it was sent the session's id, and once it was
/// not taken how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueuedRun {
    /// Its id.
    pub run: RunId,
    /// The device that sends it, and no other.
    pub device: DeviceId,
    /// When it was asked for, by that device's clock.
    pub at: Wall,
    /// The character with which its cell's fence begins.
    pub begins: CharacterId,
    /// The session that it goes to, by name and language.
    pub session: SessionKey,
    /// Where it was sent, once it was; nobody has said yet that it is taken.
    pub sent_to: Option<SessionId>,
    /// How it ended, if it does not wait any more and nobody has taken it.
    pub end: Option<QueuedEnd>,
}

/// How a run ends that nobody takes: in its entry as `refused:<code>`, or as `unknown`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueuedEnd {
    /// It is not executed.
    Refused(ErrorCode),
    /// Its session does not know it: nobody can say whether it was executed.
    Unknown,
}

impl fmt::Display for QueuedEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // The name of the variant, which is what its codes are in every text that programs read.
            Self::Refused(code) => write!(f, "refused:{code:?}"),
            Self::Unknown => f.write_str("unknown"),
        }
    }
}

impl FromStr for QueuedEnd {
    type Err = serde::de::value::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.strip_prefix("refused:") {
            Some(code) => Ok(Self::Refused(ErrorCode::deserialize(code.into_deserializer())?)),
            None if text == "unknown" => Ok(Self::Unknown),
            None => Err(serde::de::Error::custom("neither refused nor unknown")),
        }
    }
}

impl QueuedRun {
    /// Those that a document has, the oldest first: as many as one may have. What cannot be read is left out.
    #[must_use]
    pub fn all(entries: &BTreeMap<String, String>) -> Vec<Self> {
        entries.iter().filter_map(|(key, value)| Self::read(key, value).ok()).take(QUEUED_RUNS_MAX).collect()
    }

    /// Those of a document's history.
    #[must_use]
    pub fn all_of(document: &Body) -> Vec<Self> {
        Self::all(&document.entries(QUEUE))
    }

    /// Reads an entry.
    ///
    /// # Errors
    /// If it is not just as it would be written, or too long.
    pub fn read(key: &str, value: &str) -> Result<Self, QueuedRunError> {
        let read = || {
            let run = key.parse().ok()?;
            let words: Vec<&str> = value.split(' ').collect();
            let [device, at, begins, language, name, ref rest @ ..] = words[..] else { return None };
            let sent_to: Option<SessionId> = rest.first().and_then(|word| word.parse().ok());
            let end = match rest[usize::from(sent_to.is_some())..] {
                [] => None,
                [end] => Some(end.parse().ok()?),
                _ => return None,
            };
            let (client, clock) = begins.split_once('.')?;
            let language = Language::from_word(language);
            Some(Self {
                run,
                device: device.parse().ok()?,
                at: Wall(at.parse().ok()?),
                begins: CharacterId { client: client.parse().ok()?, clock: clock.parse().ok()? },
                session: SessionKey { name: SessionName::from_str(name).ok()?, language },
                sent_to,
                end,
            })
        };
        let fits = |entry: &Self| {
            let language = entry.session.language.as_str();
            let is_plain = !language.is_empty() && language.bytes().all(|byte| byte.is_ascii_graphic());
            let is_exact = entry.at.0 < EXACT && entry.begins.client < REPLICAS;
            is_plain && is_exact && entry.run.to_string() == key && entry.to_string() == value
        };
        let error = || QueuedRunError { key: key.to_owned(), value: value.to_owned() };
        if value.len() > QUEUED_RUN_MAX {
            return Err(error());
        }
        read().filter(fits).ok_or_else(error)
    }

    /// The edit by which it is in the document.
    #[must_use]
    pub fn put(&self) -> Edit {
        Edit::Put { map: QUEUE.to_owned(), key: self.run.to_string(), value: self.to_string() }
    }

    /// The edit by which it is not any more.
    #[must_use]
    pub fn removal(&self) -> Edit {
        Self::removal_of(self.run)
    }

    /// The edit by which a run does not wait any more.
    #[must_use]
    pub fn removal_of(run: RunId) -> Edit {
        Edit::Remove { map: QUEUE.to_owned(), key: run.to_string() }
    }
}

impl fmt::Display for QueuedRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { device, at, begins: CharacterId { client, clock }, session, .. } = self;
        write!(f, "{device} {} {client}.{clock} {} {}", at.0, session.language, session.name)?;
        self.sent_to.map_or(Ok(()), |session| write!(f, " {session}"))?;
        self.end.map_or(Ok(()), |end| write!(f, " {end}"))
    }
}

/// What is no entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key:?} with {value:?} is not a run that waits")]
pub struct QueuedRunError {
    key: String,
    value: String,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    /// Lines of `is` or `not`, the run and its entry, with tabs between: the app reads the same ones.
    const ENTRIES: &str = include_str!("entries.txt");

    fn run(number: u128) -> QueuedRun {
        QueuedRun {
            run: RunId(Uuid::from_u128(number)),
            device: DeviceId([0xa8; 32]),
            at: Wall(1_750_000_000_000),
            begins: CharacterId { client: 7, clock: 12 },
            session: SessionKey {
                name: SessionName::new("analysis", "main").unwrap(),
                language: Language::from_word("python"),
            },
            sent_to: None,
            end: None,
        }
    }

    #[test]
    fn what_is_an_entry_is_read_as_it_was_written_and_nothing_else_is() {
        let (mut good, mut bad) = (0, 0);
        for line in ENTRIES.lines() {
            let [is, key, value] = line.splitn(3, '\t').collect::<Vec<_>>()[..] else { panic!("{line:?}") };
            match (is, QueuedRun::read(key, value)) {
                ("is", Ok(entry)) => {
                    assert_eq!((entry.run.to_string().as_str(), entry.to_string().as_str()), (key, value));
                    good += 1;
                }
                ("not", Err(_)) => bad += 1,
                (is, read) => panic!("{is}: {line:?} is read as {read:?}"),
            }
        }
        assert!(good >= 4 && bad >= 20, "{good} and {bad}");
    }

    #[test]
    fn an_entry_says_who_sends_what_where() {
        let value = format!("{} 1750000000000 7.12 python analysis:main", "a8".repeat(32));
        assert_eq!(run(1).to_string(), value);
        let sent = QueuedRun { sent_to: Some(SessionId(Uuid::from_u128(9))), ..run(1) };
        assert_eq!(sent.to_string(), format!("{value} 00000000-0000-0000-0000-000000000009"));
        let refused = QueuedRun { end: Some(QueuedEnd::Refused(ErrorCode::KernelStartFailed)), ..run(1) };
        assert_eq!(refused.to_string(), format!("{value} refused:KernelStartFailed"));
        let unknown = QueuedRun { end: Some(QueuedEnd::Unknown), ..sent.clone() };
        assert_eq!(unknown.to_string(), format!("{sent} unknown"));
        for entry in [sent, refused, unknown] {
            assert_eq!(QueuedRun::read(&entry.run.to_string(), &entry.to_string()), Ok(entry));
        }
    }

    #[test]
    fn a_document_says_what_waits_in_it_in_the_order_in_which_it_was_asked_for() {
        let mut body = Body::new(1);
        let noise = Edit::Put { map: QUEUE.to_owned(), key: "x".to_owned(), value: "y".to_owned() };
        body.edit(&[run(2).put(), noise, run(1).put()]).unwrap();
        assert_eq!(QueuedRun::all_of(&body), [run(1), run(2)]);
        body.edit(&[run(1).removal()]).unwrap();
        assert_eq!(QueuedRun::all_of(&body), [run(2)]);
    }

    #[test]
    fn no_more_are_read_than_a_document_may_have() {
        let entries = |count| (1..=count).map(|n| (run(n).run.to_string(), run(n).to_string())).collect();
        let all = QueuedRun::all(&entries(QUEUED_RUNS_MAX as u128 + 5));
        assert_eq!((all.len(), &all[0]), (QUEUED_RUNS_MAX, &run(1)));
    }

    #[test]
    fn one_that_was_sent_stays_when_another_device_takes_back_what_it_saw_before() {
        let mut here = Body::new(1);
        here.edit(&[run(1).put()]).unwrap();
        let mut there = Body::new(2);
        there.apply(&here.history()).unwrap();
        let sent = QueuedRun { sent_to: Some(SessionId(Uuid::from_u128(9))), ..run(1) };
        let (sends, takes) = (here.edit(&[sent.put()]).unwrap(), there.edit(&[run(1).removal()]).unwrap());
        here.apply(&takes).unwrap();
        there.apply(&sends).unwrap();
        assert_eq!((QueuedRun::all_of(&here), QueuedRun::all_of(&there)), (vec![sent.clone()], vec![sent]));
    }

    fn end() -> impl Strategy<Value = Option<QueuedEnd>> {
        let codes =
            prop_oneof![Just(ErrorCode::Malformed), Just(ErrorCode::KernelStartFailed), Just(ErrorCode::SessionFull)];
        proptest::option::of(prop_oneof![codes.prop_map(QueuedEnd::Refused), Just(QueuedEnd::Unknown)])
    }

    fn entry() -> impl Strategy<Value = QueuedRun> {
        let words = ("[!-~&&[^A-Z]]{1,20}", "[a-zA-ZäßØ٣Ⅷ_.-]{1,64}", "[a-z0-9_.-]{1,64}");
        let numbers =
            (any::<u128>(), any::<[u8; 32]>(), 0..EXACT, 0..REPLICAS, any::<u32>(), any::<Option<u128>>(), end());
        (words, numbers).prop_map(|((language, project, name), (run, device, at, client, clock, sent, end))| {
            QueuedRun {
                run: RunId(Uuid::from_u128(run)),
                device: DeviceId(device),
                at: Wall(at),
                begins: CharacterId { client, clock },
                session: SessionKey {
                    name: SessionName::new(&project, &name).unwrap(),
                    language: Language::from_word(&language),
                },
                sent_to: sent.map(|sent| SessionId(Uuid::from_u128(sent))),
                end,
            }
        })
    }

    proptest! {
        #[test]
        fn every_entry_is_read_as_it_was_written(entry in entry()) {
            prop_assert_eq!(QueuedRun::read(&entry.run.to_string(), &entry.to_string()), Ok(entry));
        }

        #[test]
        fn what_is_read_would_be_written_so(entry in entry(), at in any::<proptest::sample::Index>(), by in ".{0,3}") {
            let mut characters: Vec<char> = entry.to_string().chars().collect();
            let at = at.index(characters.len());
            characters.splice(at..=at, by.chars());
            let text: String = characters.into_iter().collect();
            if let Ok(read) = QueuedRun::read(&entry.run.to_string(), &text) {
                prop_assert_eq!(read.to_string(), text);
            }
        }

        #[test]
        fn any_text_is_read_or_refused(key in ".*", value in ".*") {
            prop_assert!(QueuedRun::read(&key, &value).is_err());
        }
    }
}
