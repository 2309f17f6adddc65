//! wayfare-session-host
