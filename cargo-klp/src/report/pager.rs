//! The program that long texts are read with, on a terminal.

use std::io::{self, IsTerminal, Write};
use std::process::{Command, Stdio};

use crate::{environment, signals};

/// How a shell ends that cannot start a program: it is not there, or is none.
const NOT_STARTED: [i32; 2] = [127, 126];

/// Hands `text` to the pager, and waits until that is read. False where there is none that can be started, or nobody who
/// would page.
pub(super) fn page(text: &[u8]) -> io::Result<bool> {
    let Some(pager) = environment::pager().filter(|_| io::stdout().is_terminal()) else {
        return Ok(false);
    };
    let mut command = Command::new("sh");
    command.args(["-c", &pager]).stdin(Stdio::piped());
    // As git does: a text that fits is not paged, colours stay, and the screen is left as it is.
    for (name, value) in environment::for_pagers() {
        command.env(name, value);
    }
    let mut child = command.spawn()?;
    // Ctrl-C is for the pager, which goes on.
    signals::ignore_interrupts()?;
    if let Some(mut input) = child.stdin.take() {
        match input.write_all(text) {
            // Who has read enough goes away.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
            written => written?,
        }
    }
    let status = child.wait()?;
    Ok(!status.code().is_some_and(|code| NOT_STARTED.contains(&code)))
}
