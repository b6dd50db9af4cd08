//! What patches do to files as a whole, and which files they may leave as they are.

use crate::common::{directory, write};
use crate::patches::{BASE, CHANGED, HUNK, after, apply, expect};
use camino::Utf8Path;
use fs_err as fs;
use kbuild_glue::{Patch, PatchError, PatchSet};

/// A file takes the place of a directory and a directory that of a file, if what is there is removed.
#[test]
fn files_and_directories_take_turns() {
    let (_guard, root) = directory();
    write(&root, &[("f", "x\n"), ("d/e/g", "y\n"), ("d/h", "z\n")]);
    fs::create_dir(root.join("d/empty")).unwrap();
    let gone =
        |path: &str, line: &str| format!("--- a/{path}\n+++ /dev/null\n@@ -1 +0,0 @@\n-{line}\n");
    let new = |path: &str| format!("--- /dev/null\n+++ b/{path}\n@@ -0,0 +1 @@\n+new\n");
    let down = [new("f/n"), gone("f", "x")].concat();
    assert_eq!(after(&root, &down), expect(&[("f", "-"), ("f/n", "new\n")]));
    let up = [new("d"), gone("d/e/g", "y"), gone("d/h", "z")].concat();
    assert_eq!(after(&root, &up), expect(&[("d", "new\n"), ("d/e/g", "-"), ("d/h", "-")]));
    let error = apply(&root, &new("f/n")).unwrap_err();
    assert!(matches!(error, PatchError::BelowAFile { line: 1, .. }), "{error}");
    let error = apply(&root, &[gone("d/h", "z"), new("d")].concat()).unwrap_err();
    assert!(matches!(error, PatchError::Directory { line: 5, .. }), "{error}");
    let error = apply(&root, &[new("n"), new("n/m")].concat()).unwrap_err();
    assert!(matches!(error, PatchError::BelowAFile { line: 5, .. }), "{error}");
}

/// Nothing is made from it: what is no text there is left out, with all that follows from it.
#[test]
fn parts_that_are_left_out() {
    let (_guard, root) = directory();
    write(&root, BASE);
    write(&root, &[("tools/testing/b.bin", "old\n")]);
    fs_err::os::unix::fs::symlink("/", root.join("tools/testing/root")).unwrap();
    let git = |path: &str, headers: &str| format!("diff --git a/{path} b/{path}\n{headers}");
    let link = "new file mode 120000\nindex 0..1\n--- /dev/null\n+++ b/tools/testing/l\n@@ -0,0 +1 @@\n+x\n\\ No newline at end of file\n";
    let binary =
        "index 1..2 100644\nGIT binary patch\ndelta 1\nIcmZQz00962\n\ndelta 1\nIcmZQz00962\n\n";
    let text = [
        git("tools/testing/l", link),
        git("tools/testing/b.bin", binary),
        git("Documentation/i.png", "index 1..2 100644\nBinary files a/i and b/i differ\n"),
        git(
            "tools/testing/root",
            "similarity index 100%\nrename from tools/testing/root\nrename to tools/testing/top\n",
        ),
        git("fs/a.c", &format!("--- a/fs/a.c\n+++ b/fs/a.c\n{HUNK}")),
    ]
    .concat();
    assert_eq!(after(&root, &text), expect(&[("fs/a.c", CHANGED)]));
    let patch = Patch::parse(text.as_bytes(), Utf8Path::new("fix.patch")).unwrap();
    let note = PatchSet::new(vec![patch]).left_out(&root).unwrap().unwrap();
    let names = "Documentation/i.png, tools/testing/b.bin, tools/testing/l and 2 more are left out";
    assert!(note.starts_with(names), "{note}");
    // A way through a symlink leads elsewhere.
    let text = format!("--- a/tools/testing/root/a.c\n+++ b/tools/testing/root/a.c\n{HUNK}");
    assert!(matches!(apply(&root, &text), Err(PatchError::Outside { .. })));
    // What would be made from it is not what it should be.
    let renamed = "diff --git a/tools/testing/b.bin b/fs/b.bin\nsimilarity index 100%\nrename from tools/testing/b.bin\nrename to fs/b.bin\n";
    let text = git("tools/testing/b.bin", binary) + renamed;
    assert!(matches!(apply(&root, &text), Err(PatchError::Binary { .. })));
    let text =
        git("tools/testing/Makefile", "index 1..2 100644\nBinary files a/M and b/M differ\n");
    assert!(matches!(apply(&root, &text), Err(PatchError::Binary { .. })));
}
