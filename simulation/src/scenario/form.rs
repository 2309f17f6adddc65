//! The file of a scenario.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::person::{Somebody, person};
use super::{Expectation, FORM, Profile, Scenario};
use crate::chore::{Chore, Work};
use crate::fault::{Fault, What};
use crate::place::Place;
use crate::plan::{Plan, Unreadable, VERSION, line_at};
use crate::seed::Seed;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    scenario: Spanned<u32>,
    about: String,
    #[serde(default)]
    seed: u64,
    nodes: usize,
    #[serde(with = "humantime_serde")]
    lasts: Duration,
    #[serde(default)]
    narrow: bool,
    #[serde(default)]
    without_code: Vec<Spanned<Place>>,
    #[serde(default)]
    stateless: Vec<String>,
    #[serde(default)]
    swarm: bool,
    #[serde(default)]
    links: BTreeMap<String, Spanned<Profile>>,
    #[serde(default)]
    people: Vec<Spanned<Somebody>>,
    #[serde(default)]
    faults: Vec<Spanned<toml::Table>>,
    #[serde(default)]
    chores: Vec<Spanned<toml::Table>>,
    #[serde(default)]
    expects: Expectation,
}

/// Says at which line something is wrong.
pub(super) struct Reader<'a>(&'a str);

impl Reader<'_> {
    pub(super) fn wrong<T>(&self, at: &Spanned<T>, why: impl Into<String>) -> Unreadable {
        Unreadable::Form { line: line_at(self.0, at.span().start), why: why.into() }
    }

    fn ends_by<T>(&self, at: &Spanned<T>, end: Duration, lasts: Duration) -> Result<(), Unreadable> {
        if end > lasts {
            return Err(self.wrong(at, format!("it ends after the {lasts:?} that the scenario lasts")));
        }
        Ok(())
    }
}

pub(super) fn read(text: &str) -> Result<Scenario, Unreadable> {
    let form: Form = toml::from_str(text).map_err(|error| Unreadable::of(text, &error))?;
    let reader = Reader(text);
    if *form.scenario.get_ref() != FORM {
        let why = format!("a scenario of form {}; this program reads form {FORM}", form.scenario.get_ref());
        return Err(reader.wrong(&form.scenario, why));
    }
    let people = form.people.iter().map(|somebody| person(somebody, &reader)).collect::<Result<Vec<_>, _>>()?;
    let bare = |at: &Spanned<Place>| match at.get_ref() {
        Place::Node(node) => Ok(*node),
        Place::Cloud | Place::Person(_) => Err(reader.wrong(at, "`without_code` names nodes")),
    };
    let without_code = form.without_code.iter().map(bare).collect::<Result<_, _>>()?;
    let mut plan = Plan {
        version: VERSION,
        about: form.about,
        seed: form.seed,
        nodes: form.nodes,
        hostile: form.lasts,
        mutation: None,
        narrow: form.narrow,
        without_code,
        stateless: form.stateless,
        links: Vec::new(),
        people,
        faults: Vec::new(),
        chores: Vec::new(),
    };
    plan.check()?;
    if let (true, Some(first)) = (form.swarm, form.faults.first().or(form.chores.first())) {
        return Err(reader.wrong(first, "with `swarm = true` faults and chores are drawn"));
    }
    if form.swarm {
        plan.draw_faults();
    }
    for at in &form.faults {
        let (from, lasts, what): (_, _, What) = timed(at.get_ref(), "fault").map_err(|why| reader.wrong(at, why))?;
        reader.ends_by(at, from + lasts, plan.hostile)?;
        plan.faults.push(Fault { at: from, lasts, what });
        plan.check_fault(plan.faults.len() - 1).map_err(|wrong| reader.wrong(at, wrong.to_string()))?;
    }
    for at in &form.chores {
        let (from, lasts, work): (_, _, Work) = timed(at.get_ref(), "chore").map_err(|why| reader.wrong(at, why))?;
        reader.ends_by(at, from + lasts, plan.hostile)?;
        plan.chores.push(Chore { at: from, lasts, work });
        plan.check_chore(plan.chores.len() - 1).map_err(|wrong| reader.wrong(at, wrong.to_string()))?;
    }
    for (name, profile) in &form.links {
        let place: Place =
            name.parse().map_err(|wrong: crate::place::NoPlace| reader.wrong(profile, wrong.to_string()))?;
        let kind = *profile.get_ref();
        plan.links.push(kind.link(place));
        plan.check().map_err(|wrong| reader.wrong(profile, wrong.to_string()))?;
        for fault in kind.breaks(place, &Seed::root(plan.seed), plan.hostile) {
            plan.faults.push(fault);
            // Where something else is wrong with the path already, it does not break as well.
            if plan.check_fault(plan.faults.len() - 1).is_err() {
                plan.faults.pop();
            }
        }
    }
    plan.faults.sort_by_key(|fault| fault.at);
    plan.chores.sort_by_key(|chore| chore.at);
    // What is drawn may hit nothing.
    let expects = Expectation { all_happens: !form.swarm, ..form.expects };
    Ok(Scenario { plan, expects, swarm: form.swarm })
}

/// When something begins, how long it lasts, and what it is: the fields of its kind, and no others.
fn timed<T: Serialize + DeserializeOwned>(table: &toml::Table, name: &str) -> Result<(Duration, Duration, T), String> {
    let mut rest = table.clone();
    let mut duration = |field: &str| {
        let value = rest.remove(field).ok_or_else(|| format!("a {name} needs `{field}`"))?;
        let text = value.as_str().ok_or_else(|| format!("`{field}` is a duration such as \"1m 30s\", not {value}"))?;
        humantime::parse_duration(text).map_err(|error| format!("`{field}` = {text:?}: {error}"))
    };
    let (at, lasts) = (duration("at")?, duration("lasts")?);
    let what: T = rest.clone().try_into().map_err(|error: toml::de::Error| error.message().replace('\n', " "))?;
    let known = toml::Value::try_from(&what).map_err(|error| error.to_string())?;
    match rest.keys().find(|field| known.get(field.as_str()).is_none()) {
        Some(field) => Err(format!("a {name} of this kind has no field `{field}`")),
        None => Ok((at, lasts, what)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::habit::Habit;

    const WHOLE: &str = r#"scenario = 1
about = "A phone in a tunnel."
nodes = 1
lasts = "5m"

[links]
person0 = "lte"
node0 = "home"

[[people]]
opens = "lab"
on = "node0"
runs = ["print a", "sleep 3000"]
leaves = true
habits = ["answers"]

[[people]]
at = "node0"
watches = true

[[faults]]
at = "10s"
lasts = "20s"
kind = "cut"
between = ["cloud", "person0"]

[[chores]]
at = "60s"
lasts = "5s"
kind = "restart"
place = "node0"

[expects]
acknowledged = 2
ends = { succeeded = 2 }
never = ["unknown"]
"#;

    fn wrong(from: &str, to: &str) -> (usize, String) {
        let text = WHOLE.replacen(from, to, 1);
        assert_ne!(text, WHOLE);
        match Scenario::read(&text) {
            Err(Unreadable::Form { line, why }) => (line, why),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_scenario_becomes_a_plan() {
        let Scenario { plan, expects, .. } = Scenario::read(WHOLE).unwrap();
        assert_eq!((plan.people.len(), plan.links.len(), plan.hostile), (2, 2, Duration::from_secs(300)));
        assert_eq!((plan.people[1].at_node, plan.people[0].habits.as_slice()), (Some(0), [Habit::Answers].as_slice()));
        // The tunnel, and the times at which such a network loses connections by itself.
        assert!(plan.faults.len() > 1, "{:?}", plan.faults);
        assert_eq!(plan.check(), Ok(()));
        assert_eq!(expects.acknowledged, 2);
        assert_eq!(Plan::read(&plan.write().unwrap()), Ok(plan));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        let cases = [
            ("scenario = 1", "scenario = 9", 1, "form 9"),
            ("lasts = \"5m\"", "lasts = \"soon\"", 4, "soon"),
            ("\"lte\"", "\"pigeon\"", 7, "pigeon"),
            ("person0 = \"lte\"", "person8 = \"lte\"", 7, "person8"),
            ("on = \"node0\"", "onn = \"node0\"", 12, "onn"),
            ("opens = \"lab\"\n", "", 10, "opens"),
            ("kind = \"cut\"", "kind = \"cutt\"", 21, "cutt"),
            ("lasts = \"20s\"", "lasts = \"20h\"", 21, "ends after"),
            ("lasts = \"20s\"", "last = \"20s\"", 21, "lasts"),
            ("between = [\"cloud\"", "beyond = 1\nbetween = [\"cloud\"", 21, "beyond"),
            ("\"person0\"]", "\"person7\"]", 21, "person7"),
            ("kind = \"restart\"", "kind = \"burn\"", 27, "burn"),
            ("place = \"node0\"", "place = \"node4\"", 27, "node4"),
            ("place = \"node0\"", "place = \"person0\"", 27, "person"),
            ("watches = true", "watches = true\ndoes = \"knitting\"", 17, "one of them"),
            ("watches = true", "watches = true\nwith = [\"wool\"]", 17, "`with`"),
            ("watches = true", "moves = \"ledger\"\norders = [\"fly node0\"]", 20, "fly node0"),
            ("watches = true", "watches = true\nmoves = \"ledger\"", 17, "nothing else"),
            ("watches = true", "watches = true\norders = [\"live node0\"]", 17, "`orders`"),
            ("watches = true", "writes = \"a.md\"\nstrokes = [\"sing\"]", 20, "sing"),
            ("watches = true", "writes = \"a.md\"\nruns = [\"print a\"]", 17, "nothing else"),
            ("watches = true", "watches = true\nstrokes = [\"type\"]", 17, "`strokes`"),
            ("watches = true", "files = [\"sing\"]", 19, "sing"),
            ("watches = true", "watches = true\nfiles = [\"type\"]", 17, "nothing else"),
            ("at = \"node0\"\nwatches = true", "finds = [\"a.md\"]", 17, "needs at"),
            ("succeeded = 2", "won = 2", 35, "won"),
        ];
        for (from, to, line, word) in cases {
            let (at, why) = wrong(from, to);
            assert!(at == line && why.contains(word), "{to}: line {at}: {why}");
        }
    }

    #[test]
    fn a_plan_is_no_scenario_and_is_read_all_the_same() {
        let plan = Plan::of(3, None);
        let read = Scenario::read_any(&plan.write().unwrap()).unwrap();
        assert_eq!((read.plan, read.expects), (plan, Expectation::default()));
    }
}
