//! What wins when flags, environment and file disagree.

use std::path::{Path, PathBuf};
use std::time::Duration;

use figment::providers::{Format, Toml};
use figment::{Figment, Jail};
use wayfare_protocol::Limits;

use super::{CloudConfig, ConfigError, ConfigFlags, LogFormat, Security};

/// Runs in a folder and an environment of its own.
#[allow(clippy::result_large_err)] // the error type is figment's
fn jailed(work: impl FnOnce(&mut Jail)) {
    Jail::expect_with(|jail| {
        jail.clear_env();
        jail.set_env("HOME", "/home/a");
        work(jail);
        Ok(())
    });
}

fn load() -> CloudConfig {
    CloudConfig::load(&ConfigFlags::default()).expect("a configuration")
}

fn wrong() -> String {
    CloudConfig::load(&ConfigFlags::default()).expect_err("wrong").to_string()
}

#[test]
fn without_settings_it_listens_on_this_machine_and_makes_its_own_ca() {
    jailed(|jail| {
        let config = load();
        assert_eq!(config.data_dir, PathBuf::from("/home/a/.local/share/wayfare-cloud"));
        assert!(config.listen.ip().is_loopback() && config.admin_listen.ip().is_loopback());
        assert_eq!(config.security(), Ok(Security::OwnCa));
        assert_eq!((config.public_host().as_str(), config.limits()), ("127.0.0.1", Limits::default()));
        jail.set_env("XDG_DATA_HOME", "/data");
        assert_eq!(load().data_dir, PathBuf::from("/data/wayfare-cloud"));
    });
}

#[test]
fn flags_go_before_environment_before_file_before_defaults() {
    jailed(|jail| {
        jail.create_file(
            "cloud.toml",
            "listen = '127.0.0.1:1'\nnames = ['file']\nhurry = 20\n[log]\nformat = 'json'\n[limits]\ndial = '5s'\n",
        )
        .expect("file");
        let mut flags = ConfigFlags { config: Some("cloud.toml".into()), ..ConfigFlags::default() };
        let of = |flags: &ConfigFlags| CloudConfig::load(flags).expect("a configuration");
        let from_file = of(&flags);
        assert_eq!((from_file.listen.port(), from_file.names.as_slice()), (1, &["file".to_owned()][..]));
        assert_eq!((from_file.limits.dial, from_file.log.format), (Duration::from_secs(5), LogFormat::Json));
        assert_eq!(from_file.limits().ping_every, Limits::default().ping_every / 20);

        jail.set_env("WAYFARE_CLOUD_LISTEN", "127.0.0.1:2");
        jail.set_env("WAYFARE_CLOUD_LIMITS__DIAL", "1m 30s");
        jail.set_env("WAYFARE_CLOUD_NAMES", "[a, b]");
        jail.set_env("WAYFARE_CLOUD_TLS__PLAINTEXT", "true");
        let from_env = of(&flags);
        assert_eq!((from_env.listen.port(), from_env.limits.dial), (2, Duration::from_secs(90)));
        assert_eq!((from_env.names, from_env.tls.plaintext), (vec!["a".to_owned(), "b".to_owned()], true));

        flags.listen = Some("127.0.0.1:3".parse().expect("an address"));
        flags.names = vec!["flag".to_owned()];
        flags.log_format = Some(LogFormat::Text);
        let from_flags = of(&flags);
        assert_eq!((from_flags.listen.port(), from_flags.log.format), (3, LogFormat::Text));
        assert_eq!((from_flags.names, from_flags.tls.plaintext), (vec!["flag".to_owned()], true));
    });
}

#[test]
fn what_is_wrong_is_named() {
    let named = |key: &str, value: &str, named: &str| {
        jailed(|jail| {
            jail.set_env(key, value);
            let error = wrong();
            assert!(error.contains(named), "{error}");
        });
    };
    named("WAYFARE_CLOUD_LISTN", "127.0.0.1:1", "listn");
    named("WAYFARE_CLOUD_LISTEN", "nowhere", "LISTEN");
    named("WAYFARE_CLOUD_LIMITS__DIAL", "soon", "limits.dial: \"soon\" is not a duration");
    named("WAYFARE_CLOUD_HURRY", "0", "hurry");
    named("WAYFARE_CLOUD_TLS__KEY", "/k", "tls.key needs tls.certificate");
    named("WAYFARE_CLOUD_TLS__CERTIFICATE", "/c", "tls.certificate needs tls.key");
    jailed(|jail| {
        jail.clear_env();
        assert_eq!(CloudConfig::load(&ConfigFlags::default()), Err(ConfigError::NoDataFolder));
    });
}

#[test]
fn plain_text_leaves_the_machine_only_by_the_setting_that_says_how_insecure_it_is() {
    jailed(|jail| {
        jail.set_env("WAYFARE_CLOUD_TLS__PLAINTEXT", "true");
        assert_eq!(load().security(), Ok(Security::Plain));
        jail.set_env("WAYFARE_CLOUD_LISTEN", "0.0.0.0:7443");
        assert!(wrong().contains("tls.insecure_plaintext"));
        jail.set_env("WAYFARE_CLOUD_TLS__INSECURE_PLAINTEXT", "true");
        assert_eq!(load().security(), Ok(Security::Plain));
    });
}

#[test]
fn a_public_certificate_needs_the_host_it_is_for_and_tls() {
    jailed(|jail| {
        jail.set_env("WAYFARE_CLOUD_TLS__CERTIFICATE", "/c");
        jail.set_env("WAYFARE_CLOUD_TLS__KEY", "/k");
        assert!(wrong().contains("names must begin"));
        jail.set_env("WAYFARE_CLOUD_NAMES", "[box.example]");
        let public = Security::Public { certificate: Path::new("/c"), key: Path::new("/k"), host: "box.example" };
        assert_eq!(load().security(), Ok(public));
        jail.set_env("WAYFARE_CLOUD_TLS__PLAINTEXT", "true");
        assert!(wrong().contains("plain text was asked for"));
    });
}

#[test]
fn what_is_printed_reads_as_the_same_configuration_and_shows_no_secret() {
    jailed(|jail| {
        jail.set_env("WAYFARE_CLOUD_LIMITS__DIAL", "1m 30s");
        jail.set_env("WAYFARE_CLOUD_NAMES", "[box.example]");
        let mut config = load();
        let printed = config.print();
        assert!(printed.contains("dial = \"1m 30s\""), "{printed}");
        let figment = Figment::new().merge(Toml::string(&printed));
        assert_eq!(CloudConfig::finish(figment, &ConfigFlags::default()), Ok(config.clone()));
        // No setting holds a secret so far; an address that carries one is masked wherever it stands.
        config.names = vec!["https://me:hidden@box.example".to_owned()];
        assert!(!config.print().contains("hidden"));
    });
}
