//! The daemons that come with every node, in the simulated world: moved while events come, with nodes dying on the way.

use wayfare_node::daemons::{Primes, Tally, Window};
use wayfare_simulation::daemon_test_kit::DaemonTestKit;

#[test]
fn a_tally_is_good() {
    let kit = DaemonTestKit::new(|| Box::new(Tally::default())).events(["pear plum", "pear", "", "fig pear", "plum"]);
    kit.steps(["Pull", "Claim", "ZeroizeKey"]).run().expect("a world").assert_good();
}

#[test]
fn a_window_is_good() {
    let kit = DaemonTestKit::new(|| Box::new(Window::default())).events(["1", "2.5", "none", "4", "-3", "0.5"]);
    kit.steps(["Pull", "Claim", "ZeroizeKey"]).run().expect("a world").assert_good();
}

#[test]
fn a_finder_of_primes_is_good() {
    let kit = DaemonTestKit::new(|| Box::new(Primes::default())).events(["91", "97", "1001", "x", "65537"]);
    kit.steps(["Pull", "Claim", "ZeroizeKey"]).run().expect("a world").assert_good();
}
