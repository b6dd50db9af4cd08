//! Names that hold control characters: a terminal sees none of them, and records have the names as they are.

use anyhow::{Context as _, Result, ensure};
use camino::Utf8PathBuf;
use klp_tests::kernel::temporary;
use klp_tests::klp::{klp, run};
use klp_tests::tools::tool;
use tempfile::TempDir;

const SOURCE: &str = "
int e(int);
int function(int a) { return e(a) + V; }
int same(int a) { return function(a) * 3; }
int variable = V;
";

/// The title of the window, a colour, a line, and C1's way to say colour.
const FUNCTION: &str = "f\u{1b}]0;t\u{7}\u{1b}[35m\nX";
const VARIABLE: &str = "v\u{9b}5m\r\u{7f}";
const SECTION: &str = ".da\u{1b}[35mta";

/// Two objects that differ in a function and a variable, in files with such names.
fn objects() -> Result<(TempDir, [Utf8PathBuf; 2])> {
    let (guard, directory) = temporary()?;
    let source = directory.join("a.c");
    fs_err::write(&source, SOURCE)?;
    let object = |name: &str, define: &str| -> Result<Utf8PathBuf> {
        let object = directory.join(name);
        tool("gcc", ["-O2", "-g", "-w", define, "-c", source.as_str(), "-o", object.as_str()])?;
        let function = format!("function={FUNCTION}");
        let variable = format!("variable={VARIABLE}");
        let section = format!(".data={SECTION}");
        let renames = [
            "--redefine-sym",
            &function,
            "--redefine-sym",
            &variable,
            "--rename-section",
            &section,
        ];
        tool("objcopy", renames.into_iter().chain([object.as_str()]))?;
        Ok(object)
    };
    let objects = [object("a\u{1b}[35m.o", "-DV=1")?, object("b\u{9b}35m.o", "-DV=2")?];
    Ok((guard, objects))
}

fn is_printable(text: &str) -> bool {
    !text.contains(|sign: char| sign.is_control() && !matches!(sign, '\n' | '\t'))
}

/// Without the styles that are this program's own.
fn without_styles(text: &str) -> String {
    let mut text = text.to_owned();
    for style in ["0", "1", "2", "31", "32", "33", "36"] {
        text = text.replace(&format!("\u{1b}[{style}m"), "");
    }
    text
}

#[test]
fn no_name_reaches_a_terminal_raw() -> Result<()> {
    let (_guard, [before, after]) = objects()?;
    let (before, after) = (before.as_str(), after.as_str());
    let rules = Utf8PathBuf::from(before).with_file_name("klp.toml");
    let rule = "[[rule]]\nobject = \"*\"\nignore = [\"f*\"]\nreason = \"r\\u001b[35m\"\n";
    fs_err::write(&rules, rule)?;
    let page = rules.with_file_name("report.html");
    let absent = format!("{before}.absent");
    let commands: &[(&[&str], i32)] = &[
        (&["diff", before, after], 4),
        (&["diff", before, after, "--message-format", "markdown"], 4),
        (&["diff", before, after, "--report", page.as_str()], 4),
        (&["diff", before, after, "--allowlist", rules.as_str()], 4),
        (&["diff", before, &absent], 1),
        (&["explain", "--no-pager", "--original", before, "--patched", after], 0),
        (&["checksum", before], 0),
        (&["checksum", before, "--output", &format!("{absent}/x")], 1),
        (&["inlined", "same", "--object", before], 0),
        (&["inlined", FUNCTION, "--object", before], 0),
        (&["inlined", FUNCTION, "--object", before, "--list"], 0),
    ];
    for (arguments, status) in commands {
        for color in ["never", "always"] {
            let outcome = run(klp(arguments.iter())?.args(["--color", color, "-v"]))?;
            let outcome = outcome.expect(*status).with_context(|| format!("{arguments:?}"))?;
            for text in [&outcome.stdout, &outcome.stderr] {
                let text = if color == "always" { without_styles(text) } else { text.clone() };
                ensure!(is_printable(&text), "{arguments:?}: {text:?}");
                ensure!(!text.lines().any(|line| line.starts_with('X')), "{arguments:?}: {text}");
            }
        }
    }
    ensure!(is_printable(&fs_err::read_to_string(&page)?), "the page has control characters");
    Ok(())
}

/// What is written out can be read, and styles are still there.
#[test]
fn names_are_told_all_the_same() -> Result<()> {
    let (_guard, [before, after]) = objects()?;
    let outcome = run(&mut klp(["diff", "--color", "always", before.as_str(), after.as_str()])?)?;
    let outcome = outcome.expect(4)?;
    for name in ["f\\u{1b}]0;t\\u{7}\\u{1b}[35m\\nX", "v\\u{9b}5m\\r\\u{7f} in .da\\u{1b}[35mta"] {
        ensure!(outcome.stdout.contains(name), "no {name}: {}", outcome.stdout);
    }
    ensure!(outcome.stderr.contains("\u{1b}[1m"), "no style: {:?}", outcome.stderr);
    let records = ["diff", "--message-format", "json", before.as_str(), after.as_str()];
    let outcome = run(&mut klp(records)?)?.expect(4)?;
    let names: Vec<String> = outcome
        .stdout
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter_map(|record| Some(record["name"].as_str()?.to_owned()))
        .collect();
    assert_eq!(names, [FUNCTION, "same", VARIABLE]);
    Ok(())
}
