//! What a device of an account may do with what the account has.

/// Which it is, from its pairing on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// Everything.
    #[default]
    Everything,
    /// It may look at everything and change nothing.
    Reading,
}

impl Access {
    /// Whether it may change anything.
    #[must_use]
    pub fn may_write(self) -> bool {
        match self {
            Self::Everything => true,
            Self::Reading => false,
        }
    }
}
