//! What is counted, in the form that Prometheus reads.

use anyhow::{Context as _, Result};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use wayfare_actors::watch::VIOLATIONS;

/// Links refused before they began, for want of room or because the cloud goes down.
pub const REFUSED: &str = "wayfare_links_refused_total";

/// Counts from now on. To be called once in a process.
///
/// # Errors
/// If this process counts already.
pub fn start() -> Result<PrometheusHandle> {
    let handle = PrometheusBuilder::new().install_recorder().context("metrics")?;
    metrics::describe_gauge!("wayfare_build_info", "1; its label is the version that runs.");
    metrics::describe_gauge!("wayfare_links", "Links that are up.");
    metrics::describe_counter!("wayfare_frames_received_total", "Frames received over all links.");
    metrics::describe_counter!("wayfare_frames_sent_total", "Frames sent over all links.");
    metrics::describe_counter!("wayfare_journal_records_total", "Records of output appended to journals.");
    metrics::describe_counter!("wayfare_actor_failures_total", "Actors that failed, started again or not.");
    metrics::describe_counter!(VIOLATIONS, "Rules of docs/invariants.md that did not hold, by oracle. Any is a fault.");
    metrics::describe_counter!(REFUSED, "Links refused before they began.");
    metrics::gauge!("wayfare_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    metrics::counter!("wayfare_actor_failures_total").absolute(0);
    metrics::counter!(REFUSED).absolute(0);
    metrics::gauge!("wayfare_links").set(0.0);
    Ok(handle)
}
