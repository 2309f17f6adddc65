//! wayfare-io
