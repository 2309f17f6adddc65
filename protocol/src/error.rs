//! Refusals: an answer like any other, naming what was wrong and why.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The kind of a refusal, for programs. Grows only at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub enum ErrorCode {
    /// A body that could not be decoded.
    Malformed,
    /// A message of a kind that this process does not know, or a question that the kernel cannot answer.
    Unsupported,
    /// Wire versions without an overlap.
    VersionMismatch,
    /// The proof of identity did not hold.
    Unauthenticated,
    /// The device is known but may not do this.
    Forbidden,
    /// The pairing code is wrong, used or expired.
    PairingRefused,
    /// Too many attempts; try later.
    RateLimited,
    /// Nothing by that name or id.
    NotFound,
    /// More than one thing by that name.
    Ambiguous,
    /// No device can run it; the detail names what is lacking.
    NoCapability,
    /// The owner is not connected.
    OwnerUnreachable,
    /// The request was for another epoch than the one held.
    StaleEpoch,
    /// The session keeps as many run ids as it may.
    SessionFull,
    /// The run's code or a message is larger than allowed.
    TooLarge,
    /// A bounded queue is full; try again.
    Overloaded,
    /// The answer did not come in time; the outcome is unknown.
    DeadlineExceeded,
    /// The process is going down.
    Draining,
    /// The kernel could not be started; the detail has its last words.
    KernelStartFailed,
    /// The log or the store failed.
    StorageFailed,
    /// The run is not waiting for input.
    NotWaiting,
    /// The kernel is starting or executes a cell, and answers no question meanwhile; ask again.
    KernelBusy,
}

/// A refusal: its kind, and for people what was wrong and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[error("{code}: {detail}")]
pub struct Refusal {
    /// For programs.
    pub code: ErrorCode,
    /// For people.
    pub detail: String,
}

impl Refusal {
    /// A refusal of that kind, with its reason.
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "malformed message",
            Self::Unsupported => "not supported",
            Self::VersionMismatch => "incompatible version",
            Self::Unauthenticated => "not authenticated",
            Self::Forbidden => "not allowed",
            Self::PairingRefused => "pairing refused",
            Self::RateLimited => "too many attempts",
            Self::NotFound => "not found",
            Self::Ambiguous => "ambiguous",
            Self::NoCapability => "no device can run this",
            Self::OwnerUnreachable => "owner not connected",
            Self::StaleEpoch => "stale epoch",
            Self::SessionFull => "session full",
            Self::TooLarge => "too large",
            Self::Overloaded => "overloaded",
            Self::DeadlineExceeded => "no answer in time",
            Self::Draining => "going down",
            Self::KernelStartFailed => "kernel did not start",
            Self::StorageFailed => "storage failed",
            Self::NotWaiting => "not waiting for input",
            Self::KernelBusy => "the kernel is busy",
        })
    }
}
