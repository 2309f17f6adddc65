//! What a notebook, a cell or a flag asks of the device: `gpu,memory:16GiB,tag:lab`.

use wayfare_protocol::capability::Needs;

/// Text that is not a list of needs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{word:?} is not a need: write gpu, memory:16GiB or tag:NAME, with commas between")]
pub struct NeedsError {
    /// The word that is none.
    pub word: String,
}

/// Reads words with commas between.
///
/// # Errors
/// If one of them is no need.
pub fn parse_needs(text: &str) -> Result<Needs, NeedsError> {
    let mut needs = Needs::default();
    for word in text.split(',').map(str::trim) {
        let wrong = || NeedsError { word: word.to_owned() };
        match word.split_once(':').map_or((word, ""), |(kind, value)| (kind.trim_end(), value.trim_start())) {
            ("gpu", "") => needs.gpu = true,
            ("memory", amount) => {
                let bytes = bytes(amount).ok_or_else(wrong)?;
                needs.memory_bytes = needs.memory_bytes.max(Some(bytes));
            }
            ("tag", tag) if !tag.is_empty() => needs.tags.push(tag.to_owned()),
            _ => return Err(wrong()),
        }
    }
    Ok(all(needs, Needs::default()))
}

/// What both ask for.
#[must_use]
pub fn all(one: Needs, other: Needs) -> Needs {
    let mut tags: Vec<_> = one.tags.into_iter().chain(other.tags).collect();
    tags.sort();
    tags.dedup();
    Needs { gpu: one.gpu || other.gpu, memory_bytes: one.memory_bytes.max(other.memory_bytes), tags }
}

/// `512MiB`, `16 GB`, `1.5GiB`, or bytes. Of a word of three letters the units are powers of 1024, of two letters powers of 1000.
fn bytes(text: &str) -> Option<u64> {
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (number, unit) = (text[..end].parse::<f64>().ok()?, text[end..].trim_start().to_ascii_lowercase());
    let one: f64 = match unit.as_str() {
        "" | "b" => 1.0,
        "kb" => 1e3,
        "mb" => 1e6,
        "gb" => 1e9,
        "tb" => 1e12,
        "kib" => 1024.0,
        "mib" => 1_048_576.0,
        "gib" => 1_073_741_824.0,
        "tib" => 1_099_511_627_776.0,
        _ => return None,
    };
    let bytes = number * one;
    // `as` saturates; what is not a whole byte does not matter.
    (bytes.is_finite() && bytes >= 1.0).then_some(bytes as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn needs_are_words_with_commas_between() {
        let needs = parse_needs("gpu, memory:16GiB,tag:lab,tag:a").expect("needs");
        let expected = Needs { gpu: true, memory_bytes: Some(16 << 30), tags: vec!["a".into(), "lab".into()] };
        assert_eq!(needs, expected);
        for (text, expected) in [("memory:1.5GB", 1_500_000_000), ("memory: 512 mib", 512 << 20), ("memory:7", 7)] {
            assert_eq!(parse_needs(text).expect(text).memory_bytes, Some(expected), "{text}");
        }
    }

    #[test]
    fn a_word_that_is_no_need_is_named() {
        for text in
            ["", "gpu,", "gpu:2", "memory", "memory:lots", "memory:0", "memory:-1GB", "memory:1..2", "tag:", "cpu"]
        {
            let word = text.rsplit(',').next().unwrap_or_default();
            assert_eq!(parse_needs(text), Err(NeedsError { word: word.to_owned() }), "{text}");
        }
    }

    #[test]
    fn both_needs_are_met_by_what_meets_each() {
        let (one, other) =
            (parse_needs("memory:2GB,tag:b").unwrap(), parse_needs("gpu,memory:1GB,tag:a,tag:b").unwrap());
        assert_eq!(all(one, other), parse_needs("gpu,memory:2GB,tag:a,tag:b").unwrap());
    }
}
