//! Which kernels are found, and what an environment resolves to.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use wayfare_protocol::host::KernelTransport;
use wayfare_protocol::session::{Environment, Language};

use super::{InterruptMode, KernelPlaces, Kernels, ResolveError};

/// A machine of folders: nothing outside of it is looked at.
struct Machine {
    root: TempDir,
    places: KernelPlaces,
}

impl Machine {
    fn new() -> Self {
        let root = TempDir::new().expect("folder");
        let at = |path: &str| root.path().join(path);
        for folder in ["home", "usr/bin", "usr/local/bin"] {
            fs::create_dir_all(at(folder)).expect("folder");
        }
        let places = KernelPlaces {
            user: Some(at("home/.local/share/jupyter")),
            prefixes: vec![at("usr/local"), at("usr")],
            path: vec![at("usr/bin")],
            home: Some(at("home")),
            variables: vec![("HOME".to_owned(), at("home").display().to_string())],
            ..KernelPlaces::default()
        };
        Self { root, places }
    }

    fn at(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    fn program(&self, path: &str) -> String {
        let path = self.at(path);
        fs::create_dir_all(path.parent().expect("parent")).expect("folder");
        fs::write(&path, "#!/bin/false\n").expect("program");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("mode");
        path.display().to_string()
    }

    fn spec(&self, data: &str, name: &str, program: &str, language: &str, more: &str) {
        let folder = self.at(data).join("kernels").join(name);
        fs::create_dir_all(&folder).expect("folder");
        let json = format!(
            r#"{{"argv":["{program}","-f","{{connection_file}}"],"language":"{language}","display_name":"{name} of {data}"{more}}}"#
        );
        fs::write(folder.join("kernel.json"), json).expect("kernelspec");
    }

    fn venv(&mut self, path: &str, ipykernel: bool) -> String {
        let python = self.program(&format!("{path}/bin/python"));
        fs::write(self.at(path).join("pyvenv.cfg"), "").expect("file");
        if ipykernel {
            fs::create_dir_all(self.at(path).join("lib/python3.11/site-packages/ipykernel")).expect("folder");
        }
        python
    }

    fn kernels(&self) -> Kernels {
        Kernels::discover(&self.places)
    }
}

fn python() -> Language {
    Language::from_word("python")
}

fn in_venv(path: &Path) -> Environment {
    Environment { venv: Some(path.display().to_string()), ..Environment::default() }
}

#[test]
fn the_users_kernel_hides_the_systems_of_the_same_name_in_any_case() {
    let machine = Machine::new();
    let mine = machine.program("home/bin/python");
    machine.program("usr/bin/python3");
    machine.spec("usr/share/jupyter", "python3", "python3", "python", "");
    machine.spec("home/.local/share/jupyter", "Python3", &mine, "python", "");
    let runtimes = machine.kernels().runtimes();
    assert_eq!(runtimes.len(), 1);
    assert_eq!((runtimes[0].kernel.as_str(), &runtimes[0].environment), ("python3", &mine));
}

#[test]
fn an_environment_without_wishes_gets_the_first_kernel_that_can_be_started() {
    let machine = Machine::new();
    machine.program("usr/bin/python3");
    machine.spec("home/.local/share/jupyter", "gone", "/nowhere/python", "python", "");
    machine.spec("usr/share/jupyter", "python3", "python3", "python", "");
    let launch = machine.kernels().resolve(&Environment::default(), &python()).expect("a kernel");
    assert_eq!(launch.argv, [&machine.at("usr/bin/python3").display().to_string(), "-f", "{connection_file}"]);
    assert_eq!(launch.cwd, machine.at("home"));
    assert_eq!(machine.kernels().runtimes().len(), 1, "a kernel without its program is not offered");
}

#[test]
fn a_kernelspec_inside_a_prefix_means_the_program_beside_it() {
    let mut machine = Machine::new();
    machine.program("usr/bin/python");
    let python_there = machine.venv("work/.venv", true);
    machine.spec("work/.venv/share/jupyter", "python3", "python", "python", "");
    let launch = machine.kernels().resolve(&in_venv(&machine.at("work/.venv")), &python()).expect("a kernel");
    assert_eq!(launch.argv[0], python_there);
    let path = launch.env.iter().find(|(name, _)| name == "PATH").map(|(_, value)| value.clone()).expect("PATH");
    assert!(path.starts_with(&machine.at("work/.venv/bin").display().to_string()), "{path}");
    assert!(launch.env.iter().any(|(name, _)| name == "VIRTUAL_ENV"));
}

#[test]
fn a_bare_venv_with_ipykernel_is_a_python_kernel() {
    let mut machine = Machine::new();
    let python_there = machine.venv("home/proj/venv", true);
    let environment =
        Environment { venv: Some("venv".to_owned()), cwd: Some("proj".to_owned()), ..Environment::default() };
    let launch = machine.kernels().resolve(&environment, &python()).expect("a kernel");
    assert_eq!(launch.argv, [&python_there, "-m", "ipykernel_launcher", "-f", "{connection_file}"]);
    assert_eq!(launch.cwd, machine.at("home/proj"));
    machine.places.venvs.push(machine.at("home/proj/venv"));
    let runtimes = machine.kernels().runtimes();
    assert_eq!(runtimes.len(), 1);
    assert_eq!(runtimes[0].display_name, "Python (proj)");
}

#[test]
fn a_venv_kernel_whose_name_is_taken_is_named_after_its_environment() {
    let mut machine = Machine::new();
    machine.venv("one", true);
    machine.venv("two/.venv", true);
    machine.places.venvs = vec![machine.at("one"), machine.at("two/.venv")];
    let names: Vec<_> = machine.kernels().runtimes().into_iter().map(|runtime| runtime.kernel).collect();
    assert_eq!(names, ["python3", "python3.two"]);
    let environment = Environment { kernel: Some("PYTHON3.two".to_owned()), ..Environment::default() };
    let launch = machine.kernels().resolve(&environment, &python()).expect("a kernel");
    assert_eq!(launch.argv[0], machine.at("two/.venv/bin/python").display().to_string());
}

#[test]
fn a_refusal_names_what_was_looked_for_and_where() {
    let mut machine = Machine::new();
    machine.program("usr/bin/R");
    machine.spec("usr/share/jupyter", "ir", "R", "R", "");
    let kernels = machine.kernels();
    let searched = machine.at("usr/share/jupyter/kernels").display().to_string();

    let error = kernels.resolve(&Environment::default(), &python()).expect_err("no Python here").to_string();
    assert!(error.contains("python") && error.contains(&searched), "{error}");

    let named = |name: &str| Environment { kernel: Some(name.to_owned()), ..Environment::default() };
    let error = kernels.resolve(&named("snake"), &python()).expect_err("no such kernel").to_string();
    assert!(error.contains("\"snake\"") && error.contains("[ir]") && error.contains(&searched), "{error}");

    let error = kernels.resolve(&named("ir"), &python()).expect_err("R is not Python");
    assert!(matches!(error, ResolveError::OtherLanguage { .. }), "{error}");

    machine.venv("bare", false);
    let error = kernels.resolve(&in_venv(&machine.at("bare")), &python()).expect_err("no ipykernel").to_string();
    assert!(error.contains("pip install ipykernel"), "{error}");

    let nowhere = Environment { cwd: Some("/nowhere/at/all".to_owned()), ..Environment::default() };
    let error = kernels.resolve(&nowhere, &Language::from_word("R")).expect_err("no such folder");
    assert_eq!(error, ResolveError::NoFolder("/nowhere/at/all".into()));
}

#[test]
fn a_broken_kernelspec_is_left_out_and_told() {
    let machine = Machine::new();
    machine.program("usr/bin/R");
    machine.spec("usr/share/jupyter", "ir", "R", "R", "");
    machine.spec("usr/share/jupyter", "odd", "R", "R", r#","interrupt_mode":"telepathy""#);
    let kernels = machine.kernels();
    assert_eq!(kernels.runtimes().len(), 1);
    let told = kernels.broken()[0].to_string();
    assert!(told.contains("odd/kernel.json") && told.contains("telepathy"), "{told}");
}

#[test]
fn variables_and_places_in_a_kernelspec_are_filled_in() {
    let machine = Machine::new();
    let folder = machine.at("usr/share/jupyter/kernels/js");
    machine.program("usr/share/jupyter/kernels/js/run");
    fs::write(
        folder.join("kernel.json"),
        r#"{"argv":["{resource_dir}/run","{prefix}"],"language":"javascript","display_name":"JS",
            "interrupt_mode":"message","env":{"A":"${HOME}/x","B":"${NOT_SET}"}}"#,
    )
    .expect("kernelspec");
    let launch = machine.kernels().resolve(&Environment::default(), &Language::from_word("js")).expect("a kernel");
    assert_eq!(launch.argv, [folder.join("run"), machine.at("usr")].map(|path| path.display().to_string()));
    assert_eq!(launch.interrupt_mode, InterruptMode::Message);
    let home = machine.at("home").display().to_string();
    assert_eq!(launch.env, [("A".to_owned(), format!("{home}/x")), ("B".to_owned(), "${NOT_SET}".to_owned())]);
}

/// A kernelspec of the form in which IJulia installs itself.
const JULIA: &str = include_str!("julia-kernel.json");

#[test]
fn julias_kernel_is_found_and_resolved_as_it_installs_itself() {
    let machine = Machine::new();
    let julia = machine.program("usr/bin/julia");
    let folder = machine.at("home/.local/share/jupyter/kernels/julia-1.10");
    fs::create_dir_all(&folder).expect("folder");
    fs::write(folder.join("kernel.json"), JULIA.replace("/usr/bin/julia", &julia)).expect("kernelspec");
    let launch = machine.kernels().resolve(&Environment::default(), &Language::from_word("jl")).expect("a kernel");
    assert_eq!((launch.kernel.as_str(), launch.argv[0].as_str()), ("julia-1.10", julia.as_str()));
    assert_eq!(launch.argv.last().map(String::as_str), Some("{connection_file}"));
    assert_eq!((launch.interrupt_mode, launch.transport), (InterruptMode::Signal, KernelTransport::Ipc));
    fs::remove_file(&julia).expect("removed");
    let refused = machine.kernels().resolve(&Environment::default(), &Language::from_word("julia"));
    let refused = refused.expect_err("its program is gone").to_string();
    assert!(refused.contains("julia-1.10 needs") && refused.contains("usr/bin/julia"), "{refused}");
}

#[test]
fn denos_kernel_runs_both_languages_over_tcp_and_metadata_goes_before_what_is_known() {
    let machine = Machine::new();
    let deno = machine.program("usr/bin/deno");
    let folder = machine.at("usr/share/jupyter/kernels/deno");
    fs::create_dir_all(&folder).expect("folder");
    let spec = |more: &str| {
        format!(
            r#"{{"argv":["{deno}","jupyter","--kernel","--conn","{{connection_file}}"],"display_name":"Deno","language":"typescript"{more}}}"#
        )
    };
    fs::write(folder.join("kernel.json"), spec("")).expect("kernelspec");
    let resolved = |language: &str| {
        machine.kernels().resolve(&Environment::default(), &Language::from_word(language)).expect("a kernel")
    };
    for language in ["typescript", "js"] {
        let launch = resolved(language);
        assert_eq!((launch.interrupt_mode, launch.transport), (InterruptMode::Message, KernelTransport::Tcp));
    }
    let offered: Vec<_> =
        machine.kernels().runtimes().into_iter().map(|runtime| runtime.language.as_str().to_owned()).collect();
    assert_eq!(offered, ["typescript", "javascript"]);
    machine.spec("usr/share/jupyter", "other", "deno", "javascript", "");
    assert_eq!(resolved("js").kernel, "other", "made for it");
    let own = r#","interrupt_mode":"signal","metadata":{"wayfare":{"transport":"ipc"}}"#;
    fs::write(folder.join("kernel.json"), spec(own)).expect("kernelspec");
    let launch = resolved("ts");
    assert_eq!((launch.interrupt_mode, launch.transport), (InterruptMode::Signal, KernelTransport::Ipc));
    fs::write(folder.join("kernel.json"), spec(r#","metadata":{"wayfare":{"transport":"pigeon"}}"#))
        .expect("kernelspec");
    let told = machine.kernels().broken()[0].to_string();
    assert!(told.contains("metadata.wayfare.transport") && told.contains("pigeon"), "{told}");
    fs::write(folder.join("kernel.json"), spec(r#","metadata":{"wayfare":{"transport":"mrp"}}"#)).expect("kernelspec");
    let told = machine.kernels().broken()[0].to_string();
    assert!(told.contains("{port}"), "{told}");
}

#[test]
fn places_follow_jupyters_order() {
    let variables = [
        ("HOME", "/home/a"),
        ("JUPYTER_PATH", "/x:/y"),
        ("VIRTUAL_ENV", "/v"),
        ("PATH", "/opt/conda/bin:/usr/local/bin:/usr/bin:/bin:relative/bin"),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let places = KernelPlaces::of_variables(variables, &["~/c".into()]);
    let folders: Vec<_> = places.in_order().iter().map(|place| place.kernels_folder().display().to_string()).collect();
    assert_eq!(
        folders,
        [
            "/x/kernels",
            "/y/kernels",
            "/home/a/.local/share/jupyter/kernels",
            "/home/a/c/share/jupyter/kernels",
            "/v/share/jupyter/kernels",
            "/opt/conda/share/jupyter/kernels",
            "/usr/local/share/jupyter/kernels",
            "/usr/share/jupyter/kernels",
        ]
    );
}
