//! What wins when flags, environment and file disagree.

use std::path::PathBuf;
use std::time::Duration;

use figment::{Figment, Jail};
use wayfare_protocol::Limits;

use super::{ConfigError, ConfigFlags, LogFormat, NodeConfig};

/// Runs in a folder and an environment of its own.
#[allow(clippy::result_large_err)] // the error type is figment's
fn jailed(work: impl FnOnce(&mut Jail)) {
    Jail::expect_with(|jail| {
        jail.clear_env();
        work(jail);
        Ok(())
    });
}

fn load() -> NodeConfig {
    NodeConfig::load(&ConfigFlags::default()).expect("a configuration")
}

#[test]
fn data_lives_in_the_users_data_folder_unless_told_otherwise() {
    jailed(|jail| {
        assert_eq!(NodeConfig::load(&ConfigFlags::default()), Err(ConfigError::NoDataFolder));
        jail.set_env("HOME", "/home/a");
        assert_eq!(load().data_dir, PathBuf::from("/home/a/.local/share/wayfare"));
        jail.set_env("XDG_DATA_HOME", "/data");
        assert_eq!(load().data_dir, PathBuf::from("/data/wayfare"));
    });
}

#[test]
fn the_http_door_is_for_this_machine_and_one_origin() {
    jailed(|jail| {
        jail.set_env("HOME", "/home/a");
        assert_eq!((load().http.listen, load().http.mrmd_origin), (None, None));
        jail.set_env("WAYFARE_NODE_HTTP__LISTEN", "127.0.0.1:7445");
        jail.set_env("WAYFARE_NODE_HTTP__MRMD_ORIGIN", "http://localhost:5173");
        assert_eq!(load().http.listen, Some("127.0.0.1:7445".parse().expect("an address")));
        let refused = || NodeConfig::load(&ConfigFlags::default()).expect_err("wrong").to_string();
        jail.set_env("WAYFARE_NODE_HTTP__LISTEN", "0.0.0.0:7445");
        assert!(refused().contains("http.listen"), "{}", refused());
        jail.set_env("WAYFARE_NODE_HTTP__LISTEN", "[::1]:0");
        jail.set_env("WAYFARE_NODE_HTTP__MRMD_ORIGIN", "*");
        assert!(refused().contains("http.mrmd_origin"), "{}", refused());
    });
}

#[test]
fn flags_go_before_environment_before_file_before_defaults() {
    jailed(|jail| {
        jail.set_env("HOME", "/home/a");
        let default = load();
        assert_eq!((default.log.filter.as_str(), default.limits.clone()), ("info", Limits::default()));
        jail.create_file(
            "node.toml",
            "name = 'file'\nhurry = 20\nvenvs = ['/v']\n[log]\nfilter = 'warn'\nformat = 'json'\n[limits]\ndial = '5s'\nsessions = 3\n",
        )
        .expect("file");
        let mut flags = ConfigFlags { config: Some("node.toml".into()), ..ConfigFlags::default() };
        let from_file = NodeConfig::load(&flags).expect("a configuration");
        assert_eq!((from_file.name.as_str(), from_file.log.format), ("file", LogFormat::Json));
        assert_eq!((from_file.limits.dial, from_file.limits.sessions), (Duration::from_secs(5), 3));
        assert_eq!(from_file.limits.request, Limits::default().request);
        assert_eq!(from_file.limits().ping_every, Limits::default().ping_every / 20);

        jail.set_env("WAYFARE_NODE_NAME", "123");
        jail.set_env("WAYFARE_NODE_LIMITS__DIAL", "1m 30s");
        jail.set_env("WAYFARE_NODE_LOG__FILTER", "debug");
        jail.set_env("WAYFARE_NODE_VENVS", "[/a, /b]");
        let from_env = NodeConfig::load(&flags).expect("a configuration");
        assert_eq!((from_env.name.as_str(), from_env.log.filter.as_str()), ("123", "debug"));
        assert_eq!((from_env.limits.dial, from_env.limits.sessions), (Duration::from_secs(90), 3));
        assert_eq!(from_env.venvs, [PathBuf::from("/a"), PathBuf::from("/b")]);
        assert_eq!(from_env.log.format, LogFormat::Json);

        flags.name = Some("flag".to_owned());
        flags.log_filter = Some("trace".to_owned());
        flags.venvs = vec!["/c".into()];
        let from_flags = NodeConfig::load(&flags).expect("a configuration");
        assert_eq!((from_flags.name.as_str(), from_flags.log.filter.as_str()), ("flag", "trace"));
        assert_eq!(from_flags.venvs, [PathBuf::from("/c")]);
    });
}

#[test]
fn what_is_wrong_is_named() {
    let wrong = |key: &str, value: &str, named: &str| {
        jailed(|jail| {
            jail.set_env("HOME", "/home/a");
            jail.set_env(key, value);
            let error = NodeConfig::load(&ConfigFlags::default()).expect_err(key).to_string();
            assert!(error.contains(named), "{error}");
        });
    };
    wrong("WAYFARE_NODE_NANE", "x", "nane");
    wrong("WAYFARE_NODE_LIMITS__DIAL", "soon", "limits.dial: \"soon\" is not a duration");
    wrong("WAYFARE_NODE_LIMITS__DAIL", "5s", "dail");
    wrong("WAYFARE_NODE_HURRY", "0", "hurry");
    wrong("WAYFARE_NODE_LOG__FORMAT", "xml", "xml");
    jailed(|jail| {
        jail.set_env("HOME", "/home/a");
        let flags = ConfigFlags { config: Some("absent.toml".into()), ..ConfigFlags::default() };
        let error = NodeConfig::load(&flags).expect_err("no such file").to_string();
        assert!(error.contains("absent.toml"), "{error}");
    });
}

#[test]
fn what_is_printed_reads_as_the_same_configuration() {
    jailed(|jail| {
        jail.set_env("HOME", "/home/a");
        jail.set_env("WAYFARE_NODE_LIMITS__DIAL", "1m 30s");
        let config = load();
        let printed = config.print();
        assert!(printed.contains("dial = \"1m 30s\""), "{printed}");
        let figment = Figment::new().merge(<figment::providers::Toml as figment::providers::Format>::string(&printed));
        assert_eq!(NodeConfig::finish(figment, &ConfigFlags::default()), Ok(config));
    });
}
