//! The session host over kernels of other languages: R, Bash, and JavaScript over Deno, which knows TCP only.

mod support;

use support::{Host, installed, kernelspec, python};
use wayfare_protocol::ErrorCode;
use wayfare_protocol::ask::{Completeness, Detail, KernelAsk, KernelTold};
use wayfare_protocol::host::{HostLaunch, HostRequest, KernelTransport};
use wayfare_protocol::mrp::RunEvent;
use wayfare_protocol::output::RunOutcome;

fn complete(code: &str) -> KernelAsk {
    KernelAsk::Complete { code: code.to_owned(), cursor: u32::try_from(code.chars().count()).expect("short") }
}

fn labels(told: Result<KernelTold, wayfare_protocol::Refusal>) -> Vec<String> {
    match told {
        Ok(KernelTold::Completions { matches, .. }) => matches.into_iter().map(|completion| completion.label).collect(),
        other => panic!("{other:?}"),
    }
}

fn r() -> Option<HostLaunch> {
    kernelspec("ir", "r")
}

#[test]
fn r_runs_asks_and_is_interrupted() {
    let Some(launch) = r() else { return };
    let mut host = Host::start(&launch);
    let mut node = host.attached();
    assert_eq!(node.run(1, "x <- 6\nx * 7"), RunOutcome::Succeeded);
    let shown = node.whole(1).display_data;
    assert_eq!(shown[0].text(), Some("[1] 42"));
    assert!(shown[0].data.contains_key("text/html"), "rich values come in all their types");
    assert_eq!(node.run(2, "message('to stderr'); cat('a\\rb\\033[31mred\\033[0m\\n')"), RunOutcome::Succeeded);
    let whole = node.whole(2);
    assert_eq!((whole.stdout.as_str(), whole.stderr.trim_end()), ("a\rb\u{1b}[31mred\u{1b}[0m\n", "to stderr"));
    assert_eq!(node.run(3, "stop('no such thing')"), RunOutcome::Failed);
    assert!(node.whole(3).error.expect("an error").message.contains("no such thing"));
    node.hand_over(4, "name <- readline('Name? ')\ncat('hello', name)");
    node.wait_for(4, |event| matches!(event, RunEvent::StdinRequest { prompt, .. } if prompt == "Name? "));
    node.ask(&HostRequest::Input { run: support::run_id(4), text: "Ada".to_owned() });
    assert_eq!(node.wait_for_end(4), RunOutcome::Succeeded);
    assert_eq!(node.whole(4).stdout, "hello Ada");
    node.hand_over(5, "cat('on\\n'); flush.console(); Sys.sleep(600)");
    node.wait_for(5, |event| matches!(event, RunEvent::Stdout { .. }));
    node.ask(&HostRequest::Interrupt { position: Some(5) });
    assert_eq!(node.wait_for_end(5), RunOutcome::Failed);
    assert_eq!(node.whole(5).error.expect("an error").kind, "Interrupted");
    assert_eq!(node.run(6, "x"), RunOutcome::Succeeded, "the kernel lives on");
}

#[test]
fn r_tells_its_variables_and_what_is_in_them() {
    let Some(launch) = r() else { return };
    let mut host = Host::start(&launch);
    let mut node = host.attached();
    node.run(1, "n <- 41.5; f <- function(a, b) a\nd <- data.frame(id = 1:3, name = c('x', 'y', 'é'))\nl <- list(1, k = list(deep = TRUE))");
    let Ok(KernelTold::Variables { variables, truncated: false }) = node.told(KernelAsk::Variables) else { panic!() };
    let names: Vec<_> = variables.iter().map(|variable| variable.name.as_str()).collect();
    assert_eq!(names, ["d", "f", "l", "n"], "{variables:?}");
    assert_eq!((variables[0].r#type.as_str(), variables[0].shape.clone()), ("data.frame", Some(vec![3, 2])));
    assert_eq!((variables[0].keys.clone(), variables[0].expandable), (Some(vec!["id".into(), "name".into()]), true));
    assert_eq!((variables[3].value.as_str(), variables[3].expandable), ("41.5", false));
    let variable = |path: &[&str]| KernelAsk::Variable {
        name: "l".to_owned(),
        path: path.iter().map(|&step| step.to_owned()).collect(),
        max_children: 10,
        max_value: 100,
    };
    let Ok(KernelTold::Variable(list)) = node.told(variable(&[])) else { panic!() };
    let children: Vec<_> = list.children.iter().map(|child| child.name.as_str()).collect();
    assert_eq!(children, ["[[1]]", "$k"]);
    let Ok(KernelTold::Variable(deep)) = node.told(variable(&["$k", "$deep"])) else { panic!() };
    assert_eq!((deep.full_value.as_str(), deep.variable.name.as_str()), ("TRUE", "$deep"));
    assert_eq!(node.told(variable(&["$none"])).expect_err("nothing there").code, ErrorCode::NotFound);
    node.run(2, "ls()");
    assert!(
        node.whole(2).display_data[0].text().is_some_and(|names| !names.contains("wanted")),
        "no name is left behind"
    );
    assert!(labels(node.told(complete("data.fr"))).contains(&"data.frame".to_owned()));
    let inspect = KernelAsk::Inspect { code: "mean".to_owned(), cursor: 4, detail: Detail::Documentation };
    let Ok(KernelTold::Inspection(mean)) = node.told(inspect) else { panic!() };
    assert!(mean.found && mean.docstring.is_some_and(|text| text.contains("Arithmetic Mean")));
    let Ok(KernelTold::Completeness { status, .. }) =
        node.told(KernelAsk::IsComplete { code: "f <- function(".into() })
    else {
        panic!()
    };
    assert_eq!(status, Completeness::Incomplete);
}

#[test]
fn bash_runs_and_is_interrupted_and_cannot_list_variables() {
    let Some(launch) = kernelspec("bash", "bash") else { return };
    let mut host = Host::start(&launch);
    let mut node = host.attached();
    assert_eq!(node.run(1, "x=41; echo $((x + 1))"), RunOutcome::Succeeded);
    assert_eq!(node.whole(1).stdout, "42\n");
    assert_eq!(node.run(2, "false"), RunOutcome::Failed);
    assert_eq!(node.whole(2).error.expect("an error").kind, "Error", "a nameless one has a name all the same");
    // A loop of bash's own: a signal between two commands that it starts, while the second is not yet one, may meet neither.
    node.hand_over(3, "echo on; while :; do :; done");
    node.wait_for(3, |event| matches!(event, RunEvent::Stdout { .. }));
    node.ask(&HostRequest::Interrupt { position: Some(3) });
    assert_eq!(node.wait_for_end(3), RunOutcome::Failed);
    node.run(4, "echo $x");
    assert_eq!(node.whole(4).stdout, "41\n");
    assert!(labels(node.told(complete("ech"))).contains(&"echo".to_owned()));
    let refused = node.told(KernelAsk::Variables).expect_err("no way to ask");
    assert_eq!(refused.code, ErrorCode::Unsupported);
    assert!(refused.detail.contains("bash"), "{refused}");
}

fn deno() -> Option<HostLaunch> {
    let launch = kernelspec("deno", "javascript")?;
    Some(HostLaunch { transport: KernelTransport::Tcp, interrupt_by_message: true, late_output_ms: 100, ..launch })
}

#[test]
fn javascript_runs_over_tcp() {
    let Some(launch) = deno() else { return };
    let mut host = Host::start(&launch);
    let mut node = host.attached();
    assert_eq!(node.run(1, "let x: number = 41; console.log('hé'); x + 1"), RunOutcome::Succeeded);
    let whole = node.whole(1);
    assert_eq!(whole.stdout, "hé\n");
    assert!(whole.result.is_some_and(|result| result.contains("42")));
    assert_eq!(node.run(2, "throw new TypeError('bad')"), RunOutcome::Failed);
    let error = node.whole(2).error.expect("an error");
    assert_eq!((error.kind.as_str(), error.message.as_str()), ("TypeError", "bad"));
    assert!(labels(node.told(complete("cons"))).contains(&"console".to_owned()));
    node.hand_over(3, "console.log('on'); while (true) {}");
    node.wait_for(3, |event| matches!(event, RunEvent::Stdout { .. }));
    node.ask(&HostRequest::Interrupt { position: Some(3) });
    assert_eq!(node.wait_for_end(3), RunOutcome::Failed, "what it computes can be interrupted");
    // Where it listens, and with which key, only this user can read.
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(host.path("connection.json")).expect("the file").permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);
    let text = std::fs::read_to_string(host.path("connection.json")).expect("the file");
    assert!(text.contains("127.0.0.1"), "{text}");
}

#[test]
fn a_kernel_that_heeds_no_interrupt_is_ended_with_a_notice() {
    let Some(launch) = deno() else { return };
    let mut host = Host::start(&HostLaunch { interrupt_again_ms: 200, interrupt_end_ms: 200, ..launch });
    let mut node = host.attached();
    // What it loads for timers is loaded, and it speaks when it waits already: an interrupt of what it computes would be heeded.
    node.run(1, "setTimeout(() => {}, 0)");
    node.hand_over(
        2,
        "setTimeout(() => console.log('on'), 300); await new Promise((done) => setTimeout(done, 600000))",
    );
    node.wait_for(2, |event| matches!(event, RunEvent::Stdout { .. }));
    node.ask(&HostRequest::Interrupt { position: Some(2) });
    let outcome = node.wait_for_end(2);
    assert!(matches!(outcome, RunOutcome::Interrupted { .. }), "{outcome:?}: {:?}", node.whole(2));
    assert!(node.whole(2).stderr.contains("its kernel is ended"), "{:?}", node.whole(2));
    let detail = node.wait_until_gone();
    assert!(detail.contains("did not heed its interrupt"), "{detail}");
}

/// Another user of the machine can reach a TCP socket: without the key he gets nothing from it.
#[test]
fn a_tcp_kernel_executes_nothing_for_who_has_not_its_key() {
    let (Some(launch), Some(python)) = (deno(), python()) else { return };
    let mut host = Host::start(&launch);
    let mut node = host.attached();
    node.run(1, "let x = 41");
    let stranger = "
import json, sys
from jupyter_client import BlockingKernelClient
info = json.load(open(sys.argv[1]))
info['key'] = '0' * 32
client = BlockingKernelClient()
client.load_connection_info(info)
client.start_channels()
client.execute('x = 666')
try:
    client.get_shell_msg(timeout=1)
    print('answered')
except Exception:
    print('silence')
";
    let output = std::process::Command::new(python)
        .args(["-c", stranger])
        .arg(host.path("connection.json"))
        .output()
        .expect("it ran");
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "silence", "{output:?}");
    node.run(2, "x");
    assert!(node.whole(2).result.is_some_and(|result| result.contains("41")));
}

/// ipykernel speaks TCP too: whoever's metadata says so gets it.
#[test]
fn python_runs_over_tcp() {
    let Some(python) = python() else { return };
    let mut host = Host::start(&HostLaunch { transport: KernelTransport::Tcp, ..support::ipykernel(&python) });
    let mut node = host.attached();
    node.run(1, "1 + 1");
    assert_eq!(node.whole(1).result.as_deref(), Some("2"));
    assert!(!host.path("k-1").exists());
}

#[test]
fn every_kernel_that_is_wanted_is_there() {
    // Otherwise the tests above may have said nothing.
    if std::env::var_os("WAYFARE_REQUIRE_KERNELS").is_some() {
        for name in ["ir", "bash", "deno", "mrmd"] {
            assert!(installed(name).is_some(), "no kernelspec {name}: `./x test` installs it");
        }
    }
}
