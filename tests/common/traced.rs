//! What a process opens and writes, as strace saw it.
#![allow(dead_code)]

use std::path::{Path, PathBuf};
use std::process::Command;

/// Calls of the system that matter here.
const CALLS: &str = "trace=socket,open,openat,creat,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,link,linkat,symlink,\
                     symlinkat,truncate";

/// A command that runs `program` under strace, with what it sees in `log`; `None`, and a word about it, where that is not to
/// be had.
pub fn traced(program: &str, log: &Path) -> Option<Command> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let strace = std::env::split_paths(&path).map(|folder| folder.join("strace"));
    let strace = strace.into_iter().find(|file| file.is_file());
    let works = |strace: &PathBuf| {
        let done = Command::new(strace).args(["-f", "true"]).output();
        done.is_ok_and(|done| done.status.success())
    };
    let Some(strace) = strace.filter(works) else {
        eprintln!("skipped: there is no strace here, or it must not trace");
        return None;
    };
    let mut command = Command::new(strace);
    command.args(["-f", "-qq", "-e", CALLS, "-o"]);
    command.arg(log).arg(program);
    Some(command)
}

/// What was seen.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Calls that opened a socket, of the kind that is not allowed.
    pub sockets: Vec<String>,
    /// Files written, made, moved or removed outside the folders that are allowed.
    pub written: Vec<String>,
    /// All calls that were looked at.
    pub calls: usize,
}

impl Seen {
    /// Reads a log. Files below `folders` may be written; relative paths are below the first one. Sockets of the machine itself
    /// (a display, a message bus) may be opened where `local` says so.
    pub fn of(log: &Path, folders: &[&Path], local: bool) -> Self {
        let text = String::from_utf8_lossy(&std::fs::read(log).unwrap()).into_owned();
        let mut seen = Self::default();
        for line in text.lines() {
            let Some((call, rest)) = call_of(line) else {
                continue;
            };
            seen.calls += 1;
            if call == "socket" {
                if !(local && rest.contains("AF_UNIX")) {
                    seen.sockets.push(line.into());
                }
                continue;
            }
            let opens = ["open", "openat", "creat"].contains(&call);
            let writes = ["O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC"];
            if opens && call != "creat" && !writes.iter().any(|flag| rest.contains(flag)) {
                continue;
            }
            // What failed changed nothing.
            if rest.contains(") = -1 ") {
                continue;
            }
            let paths: Vec<&str> = rest.split('"').skip(1).step_by(2).collect();
            if paths.iter().any(|path| !may_be_written(path, folders)) {
                seen.written.push(line.into());
            }
        }
        seen
    }
}

/// The name of a call, and the rest of its line.
fn call_of(line: &str) -> Option<(&str, &str)> {
    let line = line.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ');
    let (call, rest) = line.split_once('(')?;
    call.chars()
        .all(|c| c.is_alphanumeric() || c == '_')
        .then_some((call, rest))
}

fn may_be_written(path: &str, folders: &[&Path]) -> bool {
    let path = match (path.starts_with('/'), folders) {
        (true, _) => PathBuf::from(path),
        (false, folders) => folders[0].join(path),
    };
    // Devices, shared memory and the process itself are no files that anybody keeps.
    let none = ["/dev/", "/proc/self/", "/proc/thread-self/"];
    none.iter().any(|start| path.starts_with(start))
        || folders.iter().any(|folder| path.starts_with(folder))
}
