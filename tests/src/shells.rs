//! Shells at a terminal, as a person types into them.

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::klp::plain;

/// What a shell's start file makes its prompt.
pub const PROMPT: &str = "READY> ";

/// No shell needs this long for a key.
const PATIENCE: Duration = Duration::from_mins(1);

/// Types each of `lines` at the prompt of the shell that `command` starts on a terminal of its own (by util-linux's
/// `script`), and gives what the terminal showed from the key on to the next prompt.
pub fn typed(command: &str, environment: &[(&str, &str)], lines: &[&str]) -> Result<Vec<String>> {
    let mut script = terminal(command);
    script.envs(environment.iter().copied()).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = script.spawn().context("failed to run script")?;
    let mut keys = child.stdin.take().context("no standard input")?;
    let mut screen = Screen::of(child.stdout.take().context("no standard output")?);
    let mut shown = Vec::new();
    let result = screen.until_prompt().and_then(|_| {
        for line in lines {
            keys.write_all(line.as_bytes())?;
            keys.write_all(b"\n")?;
            keys.flush()?;
            shown.push(screen.until_prompt()?);
        }
        Ok(())
    });
    let _ = keys.write_all(b"exit\n");
    drop(keys);
    if result.is_err() {
        let _ = child.kill();
    }
    child.wait()?;
    result.map(|()| shown)
}

/// `command` on a terminal of its own.
#[must_use]
pub fn terminal(command: &str) -> Command {
    let mut script = plain("script");
    script.args(["-qec", command, "/dev/null"]).env("TERM", "xterm").env("SHELL", "/bin/sh");
    script
}

/// What comes from the terminal, read by a thread of its own.
struct Screen {
    bytes: std::sync::mpsc::Receiver<Vec<u8>>,
    text: String,
}

impl Screen {
    fn of(mut output: std::process::ChildStdout) -> Self {
        let (sender, bytes) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count) = output.read(&mut buffer) {
                let read = buffer.get(..count).unwrap_or_default().to_vec();
                if count == 0 || sender.send(read).is_err() {
                    break;
                }
            }
        });
        Self { bytes, text: String::new() }
    }

    /// What is shown up to the next prompt. A shell may draw the prompt again for each key: it counts where nothing
    /// follows for a while.
    fn until_prompt(&mut self) -> Result<String> {
        let begin = Instant::now();
        loop {
            match self.bytes.recv_timeout(Duration::from_millis(700)) {
                Ok(bytes) => self.text.push_str(&String::from_utf8_lossy(&bytes)),
                Err(_) if plain_text(&self.text).trim_end().ends_with(PROMPT.trim_end()) => {
                    return Ok(plain_text(&std::mem::take(&mut self.text)));
                }
                Err(_) if begin.elapsed() > PATIENCE => bail!("no prompt: {:?}", self.text),
                Err(_) => {}
            }
        }
    }
}

/// `text` without what moves the cursor and sets colours.
fn plain_text(text: &str) -> String {
    let mut plain = String::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\u{1b}' if characters.next_if_eq(&'[').is_some() => {
                characters.by_ref().find(|next| ('@'..='~').contains(next));
            }
            '\u{1b}' => drop(characters.next()),
            '\r' | '\u{7}' | '\u{8}' => {}
            _ => plain.push(character),
        }
    }
    plain
}

/// The lines that are left on a terminal of `text`, which may clear a line and go back to its start.
#[must_use]
pub fn lines_left(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for line in text.split('\n') {
        let left = line.rsplit("\u{1b}[2K").next().unwrap_or(line);
        lines.push(plain_text(left.trim_end_matches('\r').rsplit('\r').next().unwrap_or(left)));
    }
    lines.retain(|line| !line.trim().is_empty());
    lines
}
