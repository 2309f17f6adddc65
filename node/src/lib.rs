//! wayfare-node
