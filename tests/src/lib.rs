//! wayfare-tests
