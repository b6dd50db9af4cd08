//! Line numbers of code that a patch leaves alone, as a C preprocessor sees them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::process::Command;

use crate::common::{directory, write};
use camino::Utf8Path;
use kbuild_glue::FileChange;
use proptest::prelude::*;

fn kept_as(path: &str, old: &str, new: &str) -> String {
    let change = FileChange {
        path: path.into(),
        old: Some(old.into()),
        new: Some(new.into()),
        mode: Some(0o644),
    };
    String::from_utf8(change.with_kept_lines().new.unwrap()).unwrap()
}

fn kept(old: &str, new: &str) -> String {
    kept_as("a.c", old, new)
}

/// The tokens that a compiler would see.
fn preprocess(directory: &Utf8Path, source: &str, options: &[&str]) -> String {
    write(directory, &[("a.c", source)]);
    let mut command = Command::new("cc");
    command.args(["-E", "-P", "-Wno-all"]).args(options).arg("a.c").current_dir(directory);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{source}\n{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn numbers_stay_behind_added_and_removed_lines() {
    assert_eq!(kept("a\nb\n", "x\na\nb\n"), "x\n#line 1\na\nb\n");
    assert_eq!(kept("a\nb\nc\n", "a\nc\n"), "a\n#line 3\nc\n");
    assert_eq!(kept("a\nb\nc\n", "a\nB\nc\n"), "a\nB\nc\n");
    assert_eq!(kept("a\nb\nc\n", "a\nB\nC\nD\nc\n"), "a\nB\nC\nD\n#line 3\nc\n");
    assert_eq!(kept("a\nb", "x\na\nb"), "x\n#line 1\na\nb");
    assert_eq!(kept("a\r\nb\r\n", "x\r\na\r\nb\r\n"), "x\r\n#line 1\na\r\nb\r\n");
    assert_eq!(kept("a\n", "a\n"), "a\n");
    assert_eq!(kept("", "a\n"), "a\n");
    assert_eq!(kept("a\n", ""), "");
}

#[test]
fn added_lines_have_the_numbers_of_the_patched_file() {
    // The second addition is lines 5 and 6 of the patched file; then line 3 of the original follows.
    assert_eq!(
        kept("a\nb\nc\n", "x\ny\na\nb\np\nq\nc\n"),
        "x\ny\n#line 1\na\nb\n#line 5\np\nq\n#line 3\nc\n"
    );
    // Lines that replace others go on from them.
    assert_eq!(kept("a\nb\nc\nd\n", "x\na\nb\np\nq\nd\n"), "x\n#line 1\na\nb\np\nq\n#line 4\nd\n");
}

#[test]
fn directives_only_where_they_are_directives() {
    for (between, rest) in [
        ("/* one\n", " * two\n */\n"),
        ("f(1,\n", "\t2);\n"),
        ("f(1, \")\",\n", "\t')',\n\t2);\n"),
        ("#define M(x) \\\n", "\tx \\\n\ty\n"),
        ("#define M /* c\n", "\tx */ y\n"),
        ("s = \"a\\\n", "b\\\nc\";\n"),
        ("// comment \\\n", "more\n"),
        ("MACRO\n", "(1)\n"),
        ("MACRO /* c */\n\n", "/* d */\n#ifdef X\n#endif\n (1)\n"),
        ("if (a &&\n#ifdef X\n", "b &&\n#else\nc &&\n#endif\nd)\n"),
        ("a /\\\n* b\n", " c */\n"),
        ("asm(\"a\"\n", "\"b\" : : \"i\" (1)\n : \"memory\");\n"),
    ] {
        let old = format!("{between}{rest}after\n");
        let new = format!("added\n{between}{rest}after\n");
        assert_eq!(kept(&old, &new), format!("added\n#line 1\n{between}{rest}after\n"));
        // An addition in the middle moves the rest of it, and nothing behind it. An empty line is left out
        // where it would end what is continued.
        if between.ends_with("\\\n") {
            continue;
        }
        let lines = between.lines().count() + rest.lines().count() + 1;
        let new = format!("{between}\n{rest}after\n");
        let wanted = format!("{between}\n{rest}#line {lines}\nafter\n");
        assert_eq!(kept(&old, &new), wanted);
    }
}

#[test]
fn what_looks_open_and_is_not() {
    for text in [
        "c = '\"';\n",
        "c = '\\'';\n",
        "s = \"\\\\\";\n",
        "s = \"/*\";\n",
        "s = \"//\";\n",
        "#if 0\ndon't\n#endif\n",
        "#error isn't\n",
        "#define OPEN (\n",
        "/* ( \" ' */\n",
        "// ( \" '\n",
        "#ifdef X\nf(1,\n#else\ng(1,\n#endif\n2);\n",
        "/**/\n",
    ] {
        let lines = text.lines().count() + 1;
        let wanted = format!("{text}\n#line {lines}\nafter\n");
        assert_eq!(kept(&format!("{text}after\n"), &format!("{text}\nafter\n")), wanted);
    }
}

#[test]
fn behind_a_branch_the_number_is_given_again() {
    let old = "#ifdef X\na\nb\n#else\nc\n#endif\nd\n";
    let new = "#ifdef X\na\nnew\nb\n#else\nc\n#endif\nd\n";
    assert_eq!(
        kept(old, new),
        "#ifdef X\na\nnew\n#line 3\nb\n#else\n#line 5\nc\n#endif\n#line 7\nd\n"
    );
}

#[test]
fn other_languages_are_left_alone() {
    assert_eq!(kept_as("a.S", "a\n", "x\na\n"), "x\na\n");
    assert_eq!(kept_as("Makefile", "a\n", "x\na\n"), "x\na\n");
    assert_eq!(kept_as("a.h", "a\n", "x\na\n"), "x\n#line 1\na\n");
}

#[test]
fn the_file_keeps_its_name() {
    let (_guard, root) = directory();
    let source = kept("a\n__FILE__ __LINE__\n", "x\ny\na\n__FILE__ __LINE__\n");
    let text = preprocess(&root, &source, &["-fmacro-prefix-map=a.c=dir/b.c"]);
    assert!(text.trim_end().ends_with("\"dir/b.c\" 2"), "{text}");
}

fn kept_rust(old: &str, new: &str) -> String {
    kept_as("a.rs", old, new)
}

#[test]
fn rust_lines_stay_where_they_were() {
    assert_eq!(kept_rust("a;\nb;\n", "x;\na;\nb;\n"), "x; a;\nb;\n");
    assert_eq!(kept_rust("a;\nb;\nc;\n", "a;\nc;\n"), "a;\n\nc;\n");
    assert_eq!(kept_rust("a;\nb;\nc;\n", "a;\nx;\ny;\nz;\nc;\n"), "a;\nx; y; z;\nc;\n");
    // Comments that are in the way go; doc comments become what they mean.
    assert_eq!(kept_rust("a; // c\nb;\n", "a; // c\n// d\nx; // e\nb;\n"), "a;   x; // e\nb;\n");
    assert_eq!(
        kept_rust("a;\nfn b() {}\n", "a;\n/// It's \"b\".\nfn c() {}\nfn b() {}\n"),
        "a; #[doc = \" It's \\\"b\\\".\"] fn c() {}\nfn b() {}\n"
    );
    // What spans lines stays as it is, and what follows comes back to its number.
    assert_eq!(
        kept_rust("a;\nb;\nc;\nd;\ne;\n", "a;\nx(\"1\n2\");\nb;\nc;\nd;\ne;\n"),
        "a; x(\"1\n2\"); b;\nc;\nd;\ne;\n"
    );
    // Nothing follows that has a number.
    assert_eq!(kept_rust("a;\n", "a;\n// c\nb;\n"), "a;\n// c\nb;\n");
    assert_eq!(kept_rust("a;\n", "a;\n"), "a;\n");
}

#[test]
fn rustc_sees_the_same_lines() {
    let (_guard, root) = directory();
    let old = "#[track_caller]\nfn at() -> u32 { core::panic::Location::caller().line() }\n\
        fn main() {\n    println!(\"a {} {}\", line!(), at());\n    let c = 'x';\n\
        \n    println!(\"b {} {} {c}\", line!(), at());\n}\n";
    let new = "// A comment at the top, with a \" in it.\n/* And\n another. */\n#[track_caller]\n\
        fn at() -> u32 { core::panic::Location::caller().line() }\n\n/// New.\nfn new<'a>(x: &'a str) \
        -> &'a str {\n    x // it\n}\n\nfn main() {\n    let _ = new(r#\"\"#); // new\n    \
        println!(\"a {} {}\", line!(), at());\n    let c = 'x';\n\n    \
        println!(\"b {} {} {c}\", line!(), at());\n}\n";
    let mut outputs = Vec::new();
    for source in [old, &kept_rust(old, new)] {
        write(&root, &[("a.rs", source)]);
        let mut rustc = Command::new("rustc");
        let output = rustc.args(["--edition", "2021", "a.rs"]).current_dir(&root).output().unwrap();
        assert!(output.status.success(), "{source}\n{}", String::from_utf8_lossy(&output.stderr));
        let output = Command::new(root.join("a")).output().unwrap();
        outputs.push(String::from_utf8(output.stdout).unwrap());
    }
    assert_eq!(outputs[0], outputs[1]);
    assert_eq!(outputs[0], "a 4 4\nb 7 7 x\n");
}

/// A piece of a source. `Probe` tells its line number, and its name is unlike all others.
#[derive(Clone, Debug)]
enum Piece {
    Probe(u32),
    /// One of `TEXTS`.
    Text(usize),
    /// Branches, and whether the last is an `#else`.
    Conditional(u32, Vec<Vec<Piece>>, bool),
}

const TEXTS: &[&str] = &[
    "",
    "/* a comment ( that's\n * open\n */",
    "// it's ( \\\n   continued",
    "CALL(1,\n\t2,\n\t\")\");",
    "CALL\n(1, ')', 3);",
    "CALL /* ( */\n\n\t(1, (2),\n\t 3);",
    "#define M(x) \\\n\tx + \\\n\t1",
    "#define N /* one\n two */ (",
    "s = \"a\\\n\\\"b\\\\\";",
    "if (a &&\n#ifdef B0\n    b &&\n#endif\n    c)",
    "{",
    "}",
];

fn pieces() -> impl Strategy<Value = Vec<Piece>> {
    let leaf = prop_oneof![
        2 => any::<u32>().prop_map(Piece::Probe),
        3 => (0..TEXTS.len()).prop_map(Piece::Text),
    ];
    let tree = leaf.prop_recursive(3, 40, 5, |inner| {
        let branch = prop::collection::vec(inner, 0..5);
        (0..4_u32, prop::collection::vec(branch, 1..4), any::<bool>())
            .prop_map(|(symbol, branches, last)| Piece::Conditional(symbol, branches, last))
    });
    prop::collection::vec(tree, 0..12)
}

fn print(pieces: &[Piece], text: &mut String) {
    for piece in pieces {
        match piece {
            Piece::Probe(id) => writeln!(text, "@{id} = __LINE__;").unwrap(),
            Piece::Text(index) => writeln!(text, "{}", TEXTS[*index]).unwrap(),
            Piece::Conditional(symbol, branches, last_is_else) => {
                for (index, branch) in branches.iter().enumerate() {
                    if index == 0 {
                        writeln!(text, "#ifdef B{symbol}").unwrap();
                    } else if *last_is_else && index + 1 == branches.len() {
                        writeln!(text, "#else /* not\n B{symbol} */").unwrap();
                    } else {
                        writeln!(text, "#elif defined(B0) || \\\n defined(B1)").unwrap();
                    }
                    print(branch, text);
                }
                writeln!(text, "#endif").unwrap();
            }
        }
    }
}

/// Line numbers by probe, for those that stand once.
fn probes(text: &str) -> BTreeMap<&str, &str> {
    let mut found: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for statement in text.split('@').skip(1) {
        let (id, rest) = statement.split_once(" = ").unwrap();
        found.entry(id).or_default().push(rest.split_once(';').unwrap().0);
    }
    let once = found.into_iter().filter(|(_, numbers)| numbers.len() == 1);
    once.map(|(id, numbers)| (id, numbers[0])).collect()
}

/// The probes on lines that a diff leaves where they are. Where other lines are taken for unchanged, a probe can
/// count as removed and added.
fn unchanged<'a>(old: &str, new: &'a str) -> BTreeSet<&'a str> {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let operations = similar::capture_diff_slices(similar::Algorithm::Patience, &old, &new);
    let equal = operations.into_iter().filter_map(|operation| match operation {
        similar::DiffOp::Equal { new_index, len, .. } => new.get(new_index..new_index + len),
        _ => None,
    });
    let probes = equal.flatten().filter_map(|line| line.strip_prefix('@')?.split_once(' '));
    probes.map(|(id, _)| id).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, max_shrink_iters: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn same_tokens_and_same_numbers(
        common in prop::collection::vec((any::<bool>(), any::<bool>(), pieces()), 1..6),
    ) {
        let (_guard, root) = directory();
        let preamble = "#define CALL(a, b, c) a b c\n";
        let (mut old, mut new) = (preamble.to_owned(), preamble.to_owned());
        for (in_old, in_new, pieces) in &common {
            // What is in neither is in both.
            if *in_old || !in_new { print(pieces, &mut old); }
            if *in_new || !in_old { print(pieces, &mut new); }
        }
        let kept = kept(&old, &new);
        let without: String = kept.split_inclusive('\n').filter(|line| !line.starts_with("#line ")).collect();
        prop_assert_eq!(&without, &new);
        let unchanged = unchanged(&old, &new);
        for options in [&[][..], &["-DB0"], &["-DB1", "-DB2"]] {
            let tokens = |source: &str| preprocess(&root, &source.replace("__LINE__", "line"), options);
            prop_assert_eq!(tokens(&new), tokens(&kept));
            let (before, after) = (preprocess(&root, &old, options), preprocess(&root, &kept, options));
            let (before, after) = (probes(&before), probes(&after));
            for (id, number) in &before {
                if let Some(other) = after.get(id).filter(|_| unchanged.contains(*id)) {
                    prop_assert_eq!(number, other, "probe {}\n--- old\n{}\n--- kept\n{}", id, &old, &kept);
                }
            }
        }
    }
}
