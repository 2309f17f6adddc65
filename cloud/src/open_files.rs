//! How many files the cloud may have open: every link is one, and every log.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Lets this process have as many as the system allows it; returns how many those are. Shells usually allow 1,024 and hold ready
/// many more. A cloud starts no program that could mind.
///
/// # Errors
/// The system's.
pub(crate) fn allow_open_files() -> nix::Result<u64> {
    let (allowed, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
    if allowed < most {
        setrlimit(Resource::RLIMIT_NOFILE, most, most)?;
    }
    Ok(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_holds_ready_is_taken() {
        let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
        setrlimit(Resource::RLIMIT_NOFILE, most.min(512), most).unwrap();
        assert_eq!(allow_open_files(), Ok(most));
        assert_eq!(getrlimit(Resource::RLIMIT_NOFILE), Ok((most, most)));
    }
}
