//! A run is started at most once per attempt: by the kernels' own logs, over all session hosts.

use crate::evidence::Facts;

pub(super) fn judge(facts: &Facts) -> Vec<String> {
    let twice = facts.executions.iter().filter(|(_, times)| **times > 1);
    let mut details: Vec<_> = twice
        .map(|((run, attempt), times)| format!("attempt {attempt} of run {run} was started {times} times"))
        .collect();
    let runs: std::collections::BTreeMap<_, u32> =
        facts.executions.keys().fold(std::collections::BTreeMap::new(), |mut runs, (run, _)| {
            *runs.entry(*run).or_default() += 1;
            runs
        });
    // Nobody asks for a second attempt in this world.
    details.extend(runs.into_iter().filter(|(_, n)| *n > 1).map(|(run, n)| format!("run {run} had {n} attempts")));
    details.extend(facts.two_hosts.iter().map(|session| format!("session {session} had two session hosts at a time")));
    details
}
