//! wayfare-cloud
