//! The node as a service of the user's own: a systemd user unit on Linux, a launchd agent on macOS.
//!
//! Whatever ends the service ends the node only, never its session hosts (`KillMode=process`, `AbandonProcessGroup`): the node that
//! is started next finds them, and the cells in them run on.

use std::io;
use std::path::{Path, PathBuf};

/// Name of the systemd unit.
pub const UNIT: &str = "wayfare-node.service";
/// Label of the launchd agent.
pub const AGENT: &str = "org.wayfare.node";

/// What the service runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// `wayfare-node`.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// `PATH` of the service: kernels and drivers' programs are found by it.
    pub path: String,
    /// Where its log goes, on macOS.
    pub log: PathBuf,
}

impl Service {
    /// The systemd user unit (systemd.service(5), systemd.kill(5)).
    #[must_use]
    pub fn unit(&self) -> String {
        let words = std::iter::once(self.program.display().to_string()).chain(self.arguments.iter().cloned());
        let command = words.map(|word| of_systemd(&word)).collect::<Vec<_>>().join(" ");
        let path = of_systemd(&format!("PATH={}", self.path));
        format!(
            "[Unit]\n\
             Description=Wayfare node\n\
             After=network-online.target\n\
             StartLimitIntervalSec=0\n\
             \n\
             [Service]\n\
             Environment={path}\n\
             ExecStart={command}\n\
             # Session hosts are the node's children and outlive it.\n\
             KillMode=process\n\
             SendSIGKILL=no\n\
             Restart=always\n\
             RestartSec=1\n\
             \n\
             [Install]\n\
             WantedBy=default.target\n"
        )
    }

    /// The launchd agent (launchd.plist(5)).
    #[must_use]
    pub fn agent(&self) -> String {
        let words = std::iter::once(self.program.display().to_string()).chain(self.arguments.iter().cloned());
        let words: String = words.map(|word| format!("        <string>{}</string>\n", of_xml(&word))).collect();
        let (path, log) = (of_xml(&self.path), of_xml(&self.log.display().to_string()));
        format!(
            r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
    <key>Label</key>
    <string>{AGENT}</string>
    <key>ProgramArguments</key>
    <array>
{words}    </array>
    <key>EnvironmentVariables</key>
    <dict>
        <key>PATH</key>
        <string>{path}</string>
    </dict>
    <key>RunAtLoad</key>
    <true/>
    <key>KeepAlive</key>
    <true/>
    <!-- Session hosts are the node's children and outlive it. -->
    <key>AbandonProcessGroup</key>
    <true/>
    <key>StandardOutPath</key>
    <string>{log}</string>
    <key>StandardErrorPath</key>
    <string>{log}</string>
</dict>
</plist>
"#
        )
    }
}

/// A word of a command line or an assignment as systemd reads it (systemd.syntax(7), "Quoting"): `%` and `$` stand for themselves.
fn of_systemd(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:@,+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    let mut quoted = String::from("\"");
    for c in word.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '%' => quoted.push_str("%%"),
            '$' => quoted.push_str("$$"),
            '\n' => quoted.push_str("\\n"),
            other => quoted.push(other),
        }
    }
    quoted + "\""
}

fn of_xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Where the system looks for the service's file, below a home folder and a configuration folder.
#[must_use]
pub fn unit_path(config: &Path) -> PathBuf {
    config.join("systemd/user").join(UNIT)
}

/// The same on macOS.
#[must_use]
pub fn agent_path(home: &Path) -> PathBuf {
    home.join("Library/LaunchAgents").join(format!("{AGENT}.plist"))
}

/// Writes a service's file in place of the one before.
///
/// # Errors
/// If the system refuses.
pub fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let whole = path.with_extension("new");
    std::fs::write(&whole, text)?;
    std::fs::rename(whole, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service() -> Service {
        let words = ["--data-dir", "/home/ada/My data/100%", "--venv", "/home/ada/.venv"];
        Service {
            program: "/home/ada/.cargo/bin/wayfare-node".into(),
            arguments: words.map(str::to_owned).to_vec(),
            path: "/home/ada/bin:/usr/bin".to_owned(),
            log: "/home/ada/Library/Logs/R&D.log".into(),
        }
    }

    #[test]
    fn the_systemd_unit_ends_the_node_and_not_its_sessions() {
        assert_eq!(service().unit(), include_str!("wayfare-node.service"));
    }

    #[test]
    fn the_launchd_agent_ends_the_node_and_not_its_sessions() {
        assert_eq!(service().agent(), include_str!("org.wayfare.node.plist"));
    }

    #[test]
    fn words_with_a_meaning_to_systemd_lose_it() {
        for (word, quoted) in
            [("a b", "\"a b\""), ("50%", "\"50%%\""), ("$HOME", "\"$$HOME\""), ("", "\"\""), ("a\"b", "\"a\\\"b\"")]
        {
            assert_eq!(of_systemd(word), quoted);
        }
    }

    #[test]
    fn a_file_takes_the_place_of_the_one_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = unit_path(folder.path());
        for text in ["one", "two"] {
            write(&path, text).unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
        assert!(agent_path(folder.path()).ends_with("Library/LaunchAgents/org.wayfare.node.plist"));
    }
}
