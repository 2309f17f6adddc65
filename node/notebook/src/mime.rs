//! Media types: how the value of each is held in a Markdown file.

/// What the value of a media type is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MimeClass {
    /// `text/plain`: shown as it is.
    Plain,
    /// Other text: HTML, Markdown, LaTeX, JavaScript, and whatever is unknown.
    Markup,
    /// JSON.
    Json,
    /// A picture that is text (SVG): a file, so that viewers show it.
    Drawing,
    /// Bytes, in Jupyter's format as base64: a file.
    Binary,
}

impl MimeClass {
    /// The class of a media type.
    #[must_use]
    pub fn of(mime: &str) -> Self {
        let bare = mime.split(';').next().unwrap_or(mime).trim();
        match bare {
            "text/plain" => Self::Plain,
            "image/svg+xml" => Self::Drawing,
            "application/json" => Self::Json,
            "application/pdf" | "application/octet-stream" | "application/zip" => Self::Binary,
            _ if bare.ends_with("+json") => Self::Json,
            _ if ["image/", "audio/", "video/", "font/"].iter().any(|start| bare.starts_with(start)) => Self::Binary,
            _ => Self::Markup,
        }
    }
}

/// Whether a media type can stand as one word in a fence's info string and in a link's title.
pub(crate) fn is_word(mime: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '+' | '-' | '_');
    let part = |part: &str| !part.is_empty() && part.chars().all(plain);
    mime.split_once('/').is_some_and(|(kind, name)| part(kind) && part(name))
}

/// The ending of a file of that media type, without the dot.
pub(crate) fn ending(mime: &str) -> &str {
    match mime {
        "text/plain" => "txt",
        "text/markdown" => "md",
        "text/latex" => "tex",
        "text/javascript" | "application/javascript" => "js",
        "image/jpeg" => "jpg",
        "image/svg+xml" => "svg",
        "audio/mpeg" => "mp3",
        _ if MimeClass::of(mime) == MimeClass::Json => "json",
        _ => {
            let name = mime.rsplit(['/', '+']).next().unwrap_or_default();
            let fits = (1..=4).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric());
            if fits { name } else { "bin" }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_has_its_class_and_ending() {
        use MimeClass::{Binary, Drawing, Json, Markup, Plain};
        for (mime, class, end) in [
            ("text/plain", Plain, "txt"),
            ("text/html", Markup, "html"),
            ("text/latex", Markup, "tex"),
            ("application/vnd.plotly.v1+json", Json, "json"),
            ("application/json", Json, "json"),
            ("image/svg+xml", Drawing, "svg"),
            ("image/png", Binary, "png"),
            ("image/jpeg", Binary, "jpg"),
            ("application/pdf", Binary, "pdf"),
            ("application/x-unheard-of", Markup, "bin"),
        ] {
            assert_eq!((MimeClass::of(mime), ending(mime)), (class, end), "{mime}");
        }
        assert!(is_word("application/vnd.a-b_c+json") && !is_word("text/html; charset=utf-8") && !is_word("a/`b"));
    }
}
