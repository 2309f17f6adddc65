//! wayfare-simulation
