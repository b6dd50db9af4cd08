//! The completions, in the shells themselves: what Tab makes of `cargo klp` and of `cargo-klp klp`.

use anyhow::{Context as _, Result, ensure};
use camino::{Utf8Path, Utf8PathBuf};
use klp_tests::kernel::temporary;
use klp_tests::klp::{klp, plain, run};
use klp_tests::shells::{PROMPT, typed};
use klp_tests::tools::{have, skipped};

/// What is typed, a Tab at its end, and the words that the program then gets.
const TYPED: &[(&str, &[&str])] = &[
    ("cargo klp al\t", &["klp", "allowlist"]),
    ("cargo klp build --targ\t", &["klp", "build", "--target-dir"]),
    ("cargo klp checksum --message-format j\t", &["klp", "checksum", "--message-format", "json"]),
    ("cargo +nightly klp doct\t", &["+nightly", "klp", "doctor"]),
    ("cargo-klp klp al\t", &["klp", "allowlist"]),
    ("cargo-klp kl\t", &["klp"]),
    ("cargo klp build -C lin\t", &["klp", "build", "-C", "linux-7.2"]),
];

/// Functions that show the words they get.
const SHOW: &str = "cargo() { printf '[%s]' \"$@\"; echo; }\ncargo-klp() { cargo \"$@\"; }\n";

/// A directory with something to complete, and the script of `shell` in `file`; none where the shell is not there.
fn prepare(
    test: &str,
    shell: &str,
    file: &str,
) -> Result<Option<(tempfile::TempDir, Utf8PathBuf)>> {
    if !have(test, &[shell, "script"]) {
        return Ok(None);
    }
    let (guard, directory) = temporary()?;
    fs_err::create_dir_all(directory.join("linux-7.2"))?;
    let script = run(&mut klp(["completions", shell])?)?.expect(0)?.stdout;
    fs_err::write(directory.join(file), script)?;
    Ok(Some((guard, directory)))
}

/// What cargo itself ships for a shell, in the toolchain that runs this test.
fn of_cargo(path: &str) -> Result<Option<Utf8PathBuf>> {
    let outcome = run(plain("rustc").args(["--print", "sysroot"]))?.expect(0)?;
    let path = Utf8Path::new(outcome.stdout.trim()).join(path);
    Ok(Some(path).filter(|path| path.exists()))
}

/// Types everything, and expects the words. `command` starts the shell in `directory`.
fn expect_typed(command: &str, directory: &Utf8Path) -> Result<()> {
    let command = format!("cd {directory} && exec {command}");
    let environment = [("HOME", directory.as_str()), ("ZDOTDIR", directory.as_str())];
    let lines: Vec<&str> = TYPED.iter().map(|(line, _)| *line).collect();
    let shown = typed(&command, &environment, &lines)?;
    for ((line, words), shown) in TYPED.iter().zip(shown) {
        let words = format!("[{}]", words.join("]["));
        // zsh takes the slash off again where the word is the last one.
        let is_shown = shown.lines().any(|line| line.trim_end().replace("/]", "]") == words);
        ensure!(is_shown, "{line:?} should become {words}: {shown:?}");
    }
    Ok(())
}

#[test]
fn bash() -> Result<()> {
    let Some((_guard, directory)) = prepare("completion::bash", "bash", "script")? else {
        return Ok(());
    };
    let start = format!("PS1='{PROMPT}'\n{SHOW}bind 'set enable-bracketed-paste off'\n");
    let mut befores = vec![String::new()];
    if let Some(path) = of_cargo("etc/bash_completion.d/cargo")? {
        // It stops where bash-completion is not installed, and then has nothing to complete with.
        befores.push(format!("source {path}\n"));
    }
    for before in befores {
        fs_err::write(directory.join("start"), format!("{start}{before}source ./script\n"))?;
        expect_typed("bash --noprofile --rcfile start -i", &directory)
            .with_context(|| format!("after {before:?}"))?;
    }
    Ok(())
}

/// What another script completes of cargo stays as it is.
#[test]
fn bash_leaves_the_rest_of_cargo_alone() -> Result<()> {
    let Some((_guard, directory)) = prepare("completion::bash_rest", "bash", "script")? else {
        return Ok(());
    };
    let other =
        "_other() { COMPREPLY=($(compgen -W 'benchmark' -- \"$2\")); }\ncomplete -F _other cargo\n";
    let start = format!("PS1='{PROMPT}'\n{SHOW}{other}source ./script\nsource ./script\n");
    fs_err::write(directory.join("start"), start)?;
    let command = format!("cd {directory} && exec bash --noprofile --rcfile start -i");
    let shown = typed(&command, &[], &["cargo ben\t", "cargo klp al\t"])?;
    ensure!(shown.concat().contains("[benchmark]"), "{shown:?}");
    ensure!(shown.concat().contains("[klp][allowlist]"), "{shown:?}");
    Ok(())
}

/// Beside cargo's own completion, from a directory of `$fpath`.
#[test]
fn zsh() -> Result<()> {
    let Some((_guard, directory)) = prepare("completion::zsh", "zsh", "_cargo-klp")? else {
        return Ok(());
    };
    let Some(cargo) = of_cargo("share/zsh/site-functions/_cargo")? else {
        skipped("completion::zsh", "the toolchain has no completion of cargo for zsh");
        return Ok(());
    };
    fs_err::copy(cargo, directory.join("_cargo"))?;
    let start = format!(
        "PS1='{PROMPT}'\nunsetopt zle_bracketed_paste\nfpath=({directory} $fpath)\nautoload -Uz compinit\n\
         compinit -u -D\n{SHOW}"
    );
    fs_err::write(directory.join(".zshrc"), start)?;
    expect_typed("zsh -i", &directory)
}

/// Without cargo's own completion, read by the start file.
#[test]
fn zsh_alone() -> Result<()> {
    let Some((_guard, directory)) = prepare("completion::zsh_alone", "zsh", "script")? else {
        return Ok(());
    };
    let start = format!(
        "PS1='{PROMPT}'\nautoload -Uz compinit\ncompinit -u -D\n(( $+_comps[cargo] )) && unset '_comps[cargo]'\n\
         source ./script\n{SHOW}"
    );
    fs_err::write(directory.join(".zshrc"), start)?;
    expect_typed("zsh -i", &directory)
}

/// Fish tells what it would offer.
#[test]
fn fish() -> Result<()> {
    let Some((_guard, directory)) = prepare("completion::fish", "fish", "script")? else {
        return Ok(());
    };
    for (line, words) in TYPED {
        let line = line.trim_end();
        let mut fish = plain("fish");
        fish.args(["-c", &format!("source ./script; complete -C '{line}'")]);
        fish.env("HOME", &directory).env_remove("XDG_CONFIG_HOME").current_dir(&directory);
        let shown = run(&mut fish)?.expect(0)?.stdout;
        let mut offered = shown.lines().filter_map(|line| line.split(['\t', '/']).next());
        let word = words.last().copied().unwrap_or_default();
        ensure!(offered.any(|offer| offer == word), "{line:?} should offer {word}: {shown:?}");
    }
    Ok(())
}
