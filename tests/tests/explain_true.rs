//! What `explain` and `inlined` say is so: lines are those that were compiled, tables end where they end.

use anyhow::{Context as _, Result, ensure};
use camino::Utf8PathBuf;
use klp_tests::kernel::temporary;
use klp_tests::klp::{Outcome, klp, run};
use klp_tests::tools::{CFLAGS, compilers, tool};
use tempfile::TempDir;

/// Both versions of a source at one path, as who builds again has them.
fn objects(
    compiler: &str,
    versions: [&str; 2],
    flags: &[&str],
) -> Result<(TempDir, [Utf8PathBuf; 2])> {
    let (guard, directory) = temporary()?;
    let source = directory.join("a.c");
    let compile = |(name, text): (&str, &str)| -> Result<Utf8PathBuf> {
        let object = directory.join(name);
        fs_err::write(&source, text)?;
        let last = ["-w", "-c", source.as_str(), "-o", object.as_str()];
        tool(compiler, CFLAGS.iter().chain(flags).copied().chain(last))?;
        Ok(object)
    };
    let [before, after] = versions;
    let objects = [compile(("before.o", before))?, compile(("after.o", after))?];
    Ok((guard, objects))
}

fn explain([before, after]: &[Utf8PathBuf; 2], function: &str) -> Result<Outcome> {
    let files = ["--original", before.as_str(), "--patched", after.as_str(), "--no-pager"];
    run(klp(["explain", function])?.args(files))?.expect(0)
}

#[test]
fn lines_are_shown_only_of_what_was_compiled() -> Result<()> {
    for compiler in compilers("source lines of two objects") {
        let before = "void say(int);\nvoid plain(int n)\n{\n\tsay(n + 1);\n}\nint other;\n";
        let after = "void say(int);\n\nvoid plain(int n)\n{\n\tsay(n + 2);\n}\n";
        let (_guard, objects) = objects(compiler, [before, after], &["-g"])?;
        let said = explain(&objects, "plain")?;
        let lines: Vec<&str> = said.stdout.lines().filter(|line| line.contains("a.c:")).collect();
        let new = lines.iter().find(|line| line.ends_with("say(n + 2);")).context("no line")?;
        ensure!(new.contains("a.c:5 "), "{compiler}: {new}");
        let text = |line: &&str| line.split_once("a.c:").map(|(_, rest)| rest.contains(' '));
        for line in lines.iter().filter(|line| line.starts_with("- ")) {
            ensure!(text(&line.trim_end()) == Some(false), "{compiler}: {line}");
        }
        ensure!(said.stderr.contains("shown only for the version"), "{compiler}: {said:#?}");
    }
    Ok(())
}

/// Two tables in one section: the second one's strings are none of the first one's.
#[test]
fn a_jump_table_ends_where_the_next_one_begins() -> Result<()> {
    let source = |last: &str, two: &str| {
        format!(
            "int f1(int);\nint f2(int);\nint sw(int n)\n{{\n\tswitch (n) {{\n\tcase 0: return f1(1);\n\tcase 1: return f1(5) + 2;\n\
             \tcase 2: return f2(7);\n\tcase 3: return f1(9);\n\tcase {last}: return f2(11);\n\tcase 5: return f2(9) * 3;\n\t}}\n\treturn 0;\n}}\n\
             const char *names(int n)\n{{\n\tswitch (n) {{\n\tcase 0: return \"zero\";\n\tcase 1: return \"one\";\n\tcase 2: return \"{two}\";\n\
             \tcase 3: return \"three\";\n\tcase 4: return \"four\";\n\t}}\n\treturn \"none\";\n}}\n"
        )
    };
    for compiler in compilers("tables in one section") {
        let (was, is) = (source("4", "two"), source("6", "zwei"));
        let (_guard, objects) = objects(compiler, [&was, &is], &["-fno-data-sections"])?;
        let text = explain(&objects, "sw")?.stdout;
        for word in ["zwei", "\"two\"", "refers to sw"] {
            ensure!(!text.contains(word), "{compiler}: {word}\n{text}");
        }
    }
    Ok(())
}

/// Of a function that leaves no instruction behind, it is known that it was inlined; what is unknown keeps nobody's answer.
#[test]
fn what_left_no_instruction_was_inlined() -> Result<()> {
    let source = "struct in { int x; };\nstruct out { struct in in; };\n\
                  static inline struct in *I(struct out *o) { return &o->in; }\n\
                  int use(struct out *o)\n{\n\treturn I(o)->x;\n}\n";
    for compiler in compilers("inlined") {
        let (_guard, [object, _]) = objects(compiler, [source, source], &["-g"])?;
        let names = ["inlined", "I", "use", "nobody", "--object", object.as_str()];
        let said = run(&mut klp(names)?)?.expect(0)?;
        // clang leaves such a function out of debug information.
        let is_known = said.stdout.contains("no instruction of it was left");
        let is_unknown = said.stderr.contains("nothing is known of I:");
        ensure!(
            if compiler == "gcc" { is_known } else { is_known != is_unknown },
            "{compiler}: {said:#?}"
        );
        ensure!(said.stdout.contains("itself       use"), "{compiler}: {said:#?}");
        ensure!(said.stderr.contains("nothing is known of nobody"), "{compiler}: {said:#?}");
    }
    Ok(())
}
