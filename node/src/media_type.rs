//! The media type of a file, by the ending of its name.

/// That of a path: `application/octet-stream` where the ending says nothing.
#[must_use]
pub(crate) fn of(path: &str) -> String {
    mime_guess::from_path(path).first_or_octet_stream().essence_str().to_owned()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_name_says_what_it_is() {
        assert_eq!(super::of("a/b.PNG"), "image/png");
        assert_eq!(super::of("data.csv"), "text/csv");
        assert_eq!(super::of("Makefile"), "application/octet-stream");
    }
}
