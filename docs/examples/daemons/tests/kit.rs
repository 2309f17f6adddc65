//! The daemons in the simulated world: moved while events come, with nodes dying on the way.

use wayfare_example_daemons::{Lead, Rates, Stamps};
use wayfare_simulation::daemon_test_kit::DaemonTestKit;

#[test]
fn a_lead_is_good() {
    let kit = DaemonTestKit::new(|| Box::new(Lead::default())).events(["pear", "plum", "plum", "", "pear", "pear"]);
    kit.steps(["Pull", "Claim", "ZeroizeKey"]).run().expect("a world").assert_good();
}

#[test]
fn rates_are_good() {
    let kit = DaemonTestKit::new(|| Box::new(Rates::default())).events(["rain", "sun", "rain", "rain"]);
    kit.steps(["Pull", "Claim", "ZeroizeKey"]).run().expect("a world").assert_good();
}

#[test]
fn stamps_are_good() {
    let kit = DaemonTestKit::new(|| Box::new(Stamps)).events(["a letter", "another", "a third"]);
    kit.steps(["Pull", "Claim", "ZeroizeKey"]).run().expect("a world").assert_good();
}
