//! What a set holds, what it refuses, and what follows from a device.

use proptest::prelude::*;

use super::*;
use crate::capability::{Capabilities, Gpu, Hardware, RuntimeSpec};
use crate::codec;
use crate::limits::TAG_MAX;
use crate::session::Language;

const GIB: u64 = 1 << 30;

fn tag(text: &str) -> Tag {
    Tag::new(text).unwrap()
}

#[test]
fn the_first_equals_sign_ends_the_key() {
    for (text, key, value) in [
        ("hardware.gpu", "hardware.gpu", None),
        ("hardware.memory_gb=64", "hardware.memory_gb", Some("64")),
        ("software.flag=a=b", "software.flag", Some("a=b")),
        ("home office", "home office", None),
    ] {
        let tag = tag(text);
        assert_eq!((tag.key(), tag.value(), tag.as_str()), (key, value, text));
    }
    assert_eq!(Tag::with_value("hardware.cpus", 8).unwrap(), tag("hardware.cpus=8"));
}

#[test]
fn text_that_is_not_a_tag_is_refused_with_the_reason() {
    let refused = |text: &str| Tag::new(text).unwrap_err();
    assert!(matches!(refused(""), TagError::NoKey { .. }));
    assert!(matches!(refused("=1"), TagError::NoKey { .. }));
    assert!(matches!(refused("cpus="), TagError::NoValue { .. }));
    for text in [" cpus", "cpus ", "cpus= 1", "cpus=1 ", "cp\nus", "cpus=\u{1b}[0m"] {
        assert!(matches!(refused(text), TagError::Untidy { .. }), "{text:?}");
    }
    assert_eq!(refused(&"x".repeat(TAG_MAX + 1)), TagError::TooLong { bytes: TAG_MAX + 1 });
    assert!(Tag::new("x".repeat(TAG_MAX)).is_ok());
    assert!(matches!(Tag::with_value("a=b", 1), Err(TagError::EqualsInKey { .. })));
    assert!(matches!(names::daemon("tally=2"), Err(TagError::EqualsInKey { .. })));
    assert!(matches!(names::daemon(" tally"), Err(TagError::Untidy { .. })));
    assert!(matches!(names::daemon(""), Err(TagError::NoKey { .. })));
}

#[test]
fn names_have_one_spelling() {
    assert_eq!(names::subprotocol(names::MIGRATION), tag("subprotocol:0x0500"));
    assert_eq!(names::subprotocol(0xabcd), tag("subprotocol:0xabcd"));
    assert_eq!(names::daemon("tally").unwrap(), tag("daemon:tally"));
    assert_eq!(names::scope("home").unwrap(), tag("scope:home"));
    assert_eq!(names::runtime(&Language::from_word("py")).unwrap(), tag("software.runtime.python"));
}

#[test]
fn a_set_has_each_tag_once_and_finds_those_of_a_key() {
    let mut set = CapabilitySet::new();
    // "a.b" sorts between "a" and "a=1" as text; the key decides.
    for text in ["a=2", "a.b", "a", "a=1", "a=2", "b"] {
        let new = !set.contains(&tag(text));
        assert_eq!(set.insert(tag(text)), Ok(new), "{text}");
    }
    assert_eq!(set.of_key("a"), [tag("a"), tag("a=1"), tag("a=2")]);
    assert_eq!(set.of_key("a.b"), [tag("a.b")]);
    assert_eq!(set.of_key("a."), []);
    assert!(set.remove(&tag("a")) && !set.remove(&tag("a")));
    assert_eq!(set.of_key("a"), [tag("a=1"), tag("a=2")]);
    assert_eq!(set.number("a"), Some(2.0));
    assert_eq!(set.number("b"), None);
}

/// Keys of one length with the same end are told apart all the same.
#[test]
fn keys_that_look_alike_are_told_apart() {
    let keys = ["a.same-end", "b.same-end", "c.same-end", "same-end", ".same-end"];
    for without in keys {
        let mut set = CapabilitySet::new();
        for key in keys.iter().filter(|key| **key != without) {
            set.insert(tag(&format!("{key}=1"))).unwrap();
            set.insert(tag(&format!("{key}=2"))).unwrap();
        }
        for key in keys {
            let found: Vec<_> = set.of_key(key).iter().map(Tag::as_str).collect();
            let wanted = [format!("{key}=1"), format!("{key}=2")];
            assert_eq!(found, if key == without { &[][..] } else { &wanted[..] });
        }
        assert!(!set.contains(&tag(without)));
    }
}

#[test]
fn a_full_set_refuses_more_and_stays_as_it_is() {
    let mut set = CapabilitySet::new();
    for n in 0..TAGS_MAX {
        set.insert(tag(&format!("t{n}"))).unwrap();
    }
    let before = set.clone();
    assert_eq!(set.insert(tag("more")), Err(CapabilityError::TooManyTags));
    assert_eq!(set.insert(tag("t0")), Ok(false));
    assert_eq!(set, before);

    let mut set = CapabilitySet::new();
    for n in 0..METADATA_MAX {
        set.set_metadata(format!("k{n}"), "v").unwrap();
    }
    assert_eq!(set.set_metadata("more", ""), Err(CapabilityError::TooMuchMetadata));
    assert_eq!(set.set_metadata("k0", "other"), Ok(()));
    let long = "k".repeat(METADATA_KEY_MAX + 1);
    assert_eq!(set.set_metadata(long, ""), Err(CapabilityError::MetadataKey { bytes: METADATA_KEY_MAX + 1 }));
    assert_eq!(set.set_metadata("", ""), Err(CapabilityError::MetadataKey { bytes: 0 }));
    let long = "v".repeat(METADATA_VALUE_MAX + 1);
    assert!(matches!(set.set_metadata("k0", long), Err(CapabilityError::MetadataValue { .. })));
}

/// The bound of all texts together is met before the others; what is taken out makes room.
#[test]
fn all_texts_together_are_bounded() {
    let mut set = CapabilitySet::new();
    let mut refused = None;
    for n in 0..METADATA_MAX {
        if let Err(error) = set.set_metadata(format!("k{n:02}"), "v".repeat(METADATA_VALUE_MAX)) {
            refused = Some((n, error));
            break;
        }
    }
    let (n, error) = refused.expect("a bound below all metadata at their longest");
    assert!(matches!(error, CapabilityError::TooMuchText { .. }));
    assert!(!set.metadata().contains_key(&format!("k{n:02}")));
    set.set_metadata("k00", "").unwrap();
    set.set_metadata(format!("k{n:02}"), "v".repeat(METADATA_VALUE_MAX)).unwrap();
}

#[test]
fn a_device_becomes_tags() {
    let gpu = |name: &str, gib| Gpu { name: name.into(), memory_bytes: gib * GIB };
    let capabilities = Capabilities {
        hardware: Hardware {
            cpus: 16,
            memory_bytes: 64 * GIB - GIB / 3,
            gpus: vec![gpu("NVIDIA GeForce RTX 4090", 24), gpu("AMD\tRadeon PRO\n", 8), gpu("unheard of", 0)],
        },
        runtimes: vec![RuntimeSpec {
            kernel: "python3".into(),
            language: Language::from_word("python"),
            display_name: "Python 3".into(),
            environment: "/usr/bin/python3".into(),
        }],
        tags: vec!["home".into(), "scope:office".into()],
    };
    let set = CapabilitySet::of(&capabilities).unwrap();
    let tags: Vec<_> = set.tags().iter().map(Tag::as_str).collect();
    assert_eq!(
        tags,
        [
            "hardware.cpus=16",
            "hardware.gpu",
            "hardware.gpu.count=3",
            "hardware.gpu.name=AMD Radeon PRO",
            "hardware.gpu.name=NVIDIA GeForce RTX 4090",
            "hardware.gpu.name=unheard of",
            "hardware.gpu.vendor=amd",
            "hardware.gpu.vendor=nvidia",
            "hardware.gpu.vram_gb=32",
            "hardware.memory_gb=64",
            "home",
            "scope:office",
            "software.kernel=python3",
            "software.runtime.python",
        ]
    );
    assert!(CapabilitySet::of(&Capabilities::default()).unwrap().is_empty());
}

/// A configuration cannot claim code that the program does not have.
#[test]
fn free_tags_that_say_which_code_is_there_are_refused() {
    for text in ["daemon:tally", "subprotocol:0x0500", "daemon:tally=1"] {
        let capabilities = Capabilities { tags: vec![text.into()], ..Capabilities::default() };
        assert_eq!(CapabilitySet::of(&capabilities), Err(CapabilityError::Reserved { tag: tag(text) }));
    }
    let capabilities = Capabilities { tags: vec!["a\nb".into()], ..Capabilities::default() };
    assert!(matches!(CapabilitySet::of(&capabilities), Err(CapabilityError::Tag(TagError::Untidy { .. }))));
}

#[test]
fn a_set_over_a_bound_does_not_decode() {
    #[derive(Serialize)]
    struct Wire {
        tags: Vec<String>,
        metadata: BTreeMap<String, String>,
    }
    let wire = |tags: Vec<String>| codec::encode(&Wire { tags, metadata: BTreeMap::new() });
    assert!(codec::decode::<CapabilitySet>(&wire(vec!["b".into(), "a".into()])).is_ok());
    let many = wire((0..=TAGS_MAX).map(|n| format!("t{n}")).collect());
    let error = codec::decode::<CapabilitySet>(&many).unwrap_err().to_string();
    assert!(error.contains("tags"), "{error}");
    let error = codec::decode::<CapabilitySet>(&wire(vec!["a=".into()])).unwrap_err().to_string();
    assert!(error.contains("empty value"), "{error}");
}

proptest! {
    /// Any text either is a tag that reads back as written, or is refused; nothing panics.
    #[test]
    fn a_tag_is_its_text(text in "\\PC{0,40}|[a-c.=: \t]{0,12}") {
        if let Ok(tag) = Tag::new(text.as_str()) {
            prop_assert_eq!(tag.as_str(), &text);
            prop_assert_eq!(codec::decode::<Tag>(&codec::encode(&tag)), Ok(tag.clone()));
            if let Some(value) = tag.value() {
                prop_assert_eq!(Tag::with_value(tag.key(), value), Ok(tag.clone()));
            }
        }
    }

    /// A set does not depend on the order in which it was filled, and reads back as written in both codecs.
    #[test]
    fn a_set_reads_back_as_written(
        texts in prop::collection::vec("[a-c.]{1,3}(=[0-9a-c]{1,2})?", 0..12),
        metadata in prop::collection::btree_map("[a-c]{1,2}", "\\PC{0,8}", 0..4),
    ) {
        let mut set = CapabilitySet::new();
        let mut backwards = CapabilitySet::new();
        for text in &texts {
            set.insert(tag(text)).unwrap();
        }
        for text in texts.iter().rev() {
            backwards.insert(tag(text)).unwrap();
        }
        for (key, value) in metadata {
            set.set_metadata(key.clone(), value.clone()).unwrap();
            backwards.set_metadata(key, value).unwrap();
        }
        prop_assert_eq!(&set, &backwards);
        prop_assert_eq!(codec::decode::<CapabilitySet>(&codec::encode(&set)), Ok(set.clone()));
        prop_assert_eq!(codec::decode_named::<CapabilitySet>(&codec::encode_named(&set)), Ok(set.clone()));
        prop_assert!(set.missing_tag(&backwards).is_none() && set.missing_metadata(&backwards).is_none());
        for text in texts {
            prop_assert!(set.contains(&tag(&text)));
            prop_assert!(set.of_key(tag(&text).key()).contains(&tag(&text)));
        }
    }
}
