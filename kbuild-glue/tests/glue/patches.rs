//! Patches as people have them.

use crate::common::{directory, run, write};
use camino::Utf8Path;
use fs_err as fs;
use kbuild_glue::{FileChange, Patch, PatchError, PatchSet, Revisions};

pub(crate) const BASE: &[(&str, &str)] = &[
    ("fs/a.c", "one\ntwo\nthree\nfour\nfive\n"),
    ("fs/b.h", "b1\nb2\nb3"),
    ("crlf.c", "x\r\ny\r\nz\r\n"),
    ("gone.c", "bye\n"),
    ("with space.c", "s\n"),
];

pub(crate) fn apply(root: &Utf8Path, text: &str) -> Result<Vec<FileChange>, PatchError> {
    let patch = Patch::parse(text.as_bytes(), Utf8Path::new("fix.patch"))?;
    PatchSet::new(vec![patch]).apply(root)
}

/// Path and text after, for each changed file; `-` for one that is removed.
pub(crate) fn after(root: &Utf8Path, text: &str) -> Vec<(String, String)> {
    let changes = apply(root, text).unwrap();
    changes
        .into_iter()
        .map(|change| {
            let new = change.new.map(|bytes| String::from_utf8(bytes).unwrap());
            (change.path.into_string(), new.unwrap_or_else(|| "-".to_owned()))
        })
        .collect()
}

pub(crate) fn expect(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
}

pub(crate) const HUNK: &str = "@@ -1,3 +1,3 @@ context\n one\n-two\n+TWO\n three\n";
pub(crate) const CHANGED: &str = "one\nTWO\nthree\nfour\nfive\n";

#[test]
fn shapes_of_one_change() {
    let (_guard, root) = directory();
    write(&root, BASE);
    for header in [
        "diff --git a/fs/a.c b/fs/a.c\nindex 1111111..2222222 100644\n--- a/fs/a.c\n+++ b/fs/a.c\n",
        "From 0000 Mon Sep 17 00:00:00 2001\nSubject: [PATCH] x\n\ntext\n--- not a file\n---\n fs/a.c | 2 +-\n\ndiff --git a/fs/a.c b/fs/a.c\n--- a/fs/a.c\n+++ b/fs/a.c\n",
        "--- linux.orig/fs/a.c\t2024-01-01 00:00:00.0 +0100\n+++ linux/fs/a.c\t2024-01-02 00:00:00.0 +0100\n",
        "diff -ruN old/fs/a.c new/fs/a.c\n--- old/fs/a.c\t2024-01-01\n+++ new/fs/a.c\t2024-01-02\n",
        "Index: linux/fs/a.c\n===================================================================\n--- linux.orig/fs/a.c\n+++ linux/fs/a.c\n",
        "Index: fs/a.c\n=====\n--- fs/a.c\n+++ fs/a.c\n",
        "diff --git fs/a.c fs/a.c\n--- fs/a.c\n+++ fs/a.c\n",
        "--- a/fs/a.c.orig\n+++ a/fs/a.c\n",
        "--- ./fs/a.c\n+++ ./fs/a.c\n",
    ] {
        let text = format!("{header}{HUNK}-- \n2.39.5\n\n");
        assert_eq!(after(&root, &text), expect(&[("fs/a.c", CHANGED)]), "{header}");
        // And when a mail program made all line ends CR LF.
        let converted = text.replace('\n', "\r\n");
        assert_eq!(after(&root, &converted), expect(&[("fs/a.c", CHANGED)]), "{header} (CR LF)");
    }
}

#[test]
fn several_files_and_kinds() {
    let (_guard, root) = directory();
    write(&root, BASE);
    let text = "diff --git a/fs/b.h b/fs/b.h\n--- a/fs/b.h\n+++ b/fs/b.h\n@@ -2,2 +2,3 @@\n b2\n-b3\n\\ No newline at end of file\n+B3\n+b4\n\\ No newline at end of file\n\
diff --git a/new.c b/new.c\nnew file mode 100755\nindex 0000000..1\n--- /dev/null\n+++ b/new.c\n@@ -0,0 +1,2 @@\n+n1\n+n2\n\
diff --git a/gone.c b/gone.c\ndeleted file mode 100644\nindex 1..0\n--- a/gone.c\n+++ /dev/null\n@@ -1 +0,0 @@\n-bye\n\
diff --git a/empty b/empty\nnew file mode 100644\nindex 0000000..e69de29\n\
diff --git a/crlf.c b/crlf.c\n--- a/crlf.c\n+++ b/crlf.c\n@@ -1,3 +1,3 @@\n x\r\n-y\r\n+Y\r\n z\r\n\
diff --git a/with space.c b/with space.c\n--- a/with space.c\t\n+++ b/with space.c\t\n@@ -1 +1 @@\n-s\n+S\n";
    assert_eq!(
        after(&root, text),
        expect(&[
            ("crlf.c", "x\r\nY\r\nz\r\n"),
            ("empty", ""),
            ("fs/b.h", "b1\nb2\nB3\nb4"),
            ("gone.c", "-"),
            ("new.c", "n1\nn2\n"),
            ("with space.c", "S\n"),
        ])
    );
    let changes = apply(&root, text).unwrap();
    let mode = |name: &str| changes.iter().find(|change| change.path == name).unwrap().mode;
    assert_eq!((mode("new.c"), mode("fs/b.h")), (Some(0o755), Some(0o644)));
}

#[test]
fn renames_copies_modes() {
    let (_guard, root) = directory();
    write(&root, BASE);
    let rename = format!(
        "diff --git a/fs/a.c b/fs/c.c\nsimilarity index 80%\nrename from fs/a.c\nrename to fs/c.c\nindex 1..2 100644\n--- a/fs/a.c\n+++ b/fs/c.c\n{HUNK}"
    );
    assert_eq!(after(&root, &rename), expect(&[("fs/a.c", "-"), ("fs/c.c", CHANGED)]));
    let copy =
        "diff --git a/gone.c b/two.c\nsimilarity index 100%\ncopy from gone.c\ncopy to two.c\n";
    assert_eq!(after(&root, copy), expect(&[("two.c", "bye\n")]));
    let mode = "diff --git a/gone.c b/gone.c\nold mode 100644\nnew mode 100755\n";
    assert_eq!(apply(&root, mode).unwrap().first().unwrap().mode, Some(0o755));
    let onto = "diff --git a/gone.c b/fs/a.c\nsimilarity index 100%\nrename from gone.c\nrename to fs/a.c\n";
    assert!(matches!(apply(&root, onto), Err(PatchError::Exists { .. })));
}

#[test]
fn as_the_tools_write_it() {
    let (_guard, root) = directory();
    let (old, new) = (root.join("old"), root.join("new"));
    write(&old, BASE);
    write(&new, BASE);
    write(&new, &[("fs/a.c", "zero\none\ntwo\nfour\nfive"), ("sub/new.c", "n\n"), ("e", "")]);
    fs::remove_file(new.join("gone.c")).unwrap();
    let wanted =
        expect(&[("fs/a.c", "zero\none\ntwo\nfour\nfive"), ("gone.c", "-"), ("sub/new.c", "n\n")]);
    let diff = std::process::Command::new("diff")
        .args(["-ruN", "old", "new"])
        .env("TZ", "Europe/Berlin")
        .current_dir(&root)
        .output()
        .unwrap();
    assert_eq!(after(&old, &String::from_utf8(diff.stdout).unwrap()), wanted);
    for arguments in [&["--no-index"][..], &["--no-index", "--no-prefix"], &["--no-index", "-U0"]] {
        let mut command = std::process::Command::new("git");
        command.arg("diff").args(arguments).args([".", "../new"]).current_dir(&old);
        // `git diff --no-index` names both directories; make them look like a repository's.
        let text = String::from_utf8(command.output().unwrap().stdout).unwrap();
        let text = text
            .replace("/../new/", "/")
            .replace(" ../new/", " ")
            .replace("b../new/", "b/")
            .replace("a../new/", "a/");
        let text = text.replace(" a/./", " a/").replace(" ./", " ");
        let mut wanted = wanted.clone();
        wanted.insert(0, ("e".to_owned(), String::new()));
        assert_eq!(after(&old, &text), wanted, "{arguments:?}\n{text}");
    }
}

#[test]
fn series() {
    let (_guard, root) = directory();
    write(&root, BASE);
    let parse = |text: &str| Patch::parse(text.as_bytes(), Utf8Path::new("p")).unwrap();
    let first =
        format!("--- a/fs/a.c\n+++ b/fs/a.c\n{HUNK}--- /dev/null\n+++ b/n.c\n@@ -0,0 +1 @@\n+n\n");
    let second = "--- a/fs/a.c\n+++ b/fs/a.c\n@@ -2 +2 @@\n-TWO\n+2\n--- a/n.c\n+++ b/n.c\n@@ -1 +1 @@\n-n\n+N\n";
    let set = PatchSet::new(vec![parse(&first), parse(second)]);
    let changes = set.apply(&root).unwrap();
    let texts: Vec<_> =
        changes.iter().map(|c| (c.path.as_str(), c.new.as_deref().unwrap())).collect();
    assert_eq!(texts, [("fs/a.c", &b"one\n2\nthree\nfour\nfive\n"[..]), ("n.c", b"N\n")]);
    // What is undone is no change.
    let back = "--- a/fs/a.c\n+++ b/fs/a.c\n@@ -2 +2 @@\n-TWO\n+two\n--- a/n.c\n+++ /dev/null\n@@ -1 +0,0 @@\n-n\n";
    assert_eq!(PatchSet::new(vec![parse(&first), parse(back)]).apply(&root).unwrap(), []);
}

#[test]
fn quilt_series() {
    let (_guard, root) = directory();
    let (tree, patches) = (root.join("tree"), root.join("patches"));
    write(&tree, BASE);
    let with = |names: &str| format!("{names}{HUNK}");
    write(
        &patches,
        &[
            (
                "series",
                "# comment\n\nfirst.patch\nsub/second.patch -p0 # applied\nthird.patch -p2\n",
            ),
            ("first.patch", &with("--- a/fs/a.c\n+++ b/fs/a.c\n")),
            ("sub/second.patch", "--- fs/a.c\n+++ fs/a.c\n@@ -2 +2 @@\n-TWO\n+2\n"),
            ("third.patch", "--- x/y/fs/a.c\n+++ x/y/fs/a.c\n@@ -2 +2 @@\n-2\n+II\n"),
            ("other/series", "first.patch -R\n"),
            ("other/first.patch", &with("--- a/fs/a.c\n+++ b/fs/a.c\n")),
            ("empty/series", "# nothing\n"),
        ],
    );
    for path in [patches.join("series"), patches.clone()] {
        let set = PatchSet::read(&[path]).unwrap();
        assert_eq!(set.patches().len(), 3);
        let changes = set.apply(&tree).unwrap();
        assert_eq!(
            changes.first().unwrap().new.as_deref(),
            Some(&b"one\nII\nthree\nfour\nfive\n"[..])
        );
    }
    let error = PatchSet::read(&[patches.join("other/series")]).unwrap_err();
    assert!(matches!(error, PatchError::Malformed { line: 1, .. }), "{error}");
    let error = PatchSet::read(&[patches.join("empty")]).unwrap_err();
    assert!(matches!(error, PatchError::Empty { .. }), "{error}");
    let error = PatchSet::read(&[patches.join("none/series")]).unwrap_err();
    assert!(matches!(error, PatchError::Io { .. }), "{error}");
}

fn of_revisions(root: &Utf8Path, range: &str) -> Result<PatchSet, PatchError> {
    Ok(PatchSet::new(vec![Revisions::of_range(root, range)?.patch()?]))
}

#[test]
fn revisions_of_a_git_tree() {
    let (_guard, root) = directory();
    write(&root, BASE);
    let git = |arguments: &[&str]| {
        let mut all = vec!["-c", "user.name=a", "-c", "user.email=a@b", "-c", "diff.noprefix=true"];
        all.extend(arguments);
        run(&root, "git", &all);
    };
    git(&["init", "-q"]);
    git(&["add", "-A"]);
    git(&["commit", "-qm", "one"]);
    write(&root, &[("fs/a.c", CHANGED)]);
    git(&["mv", "gone.c", "here.c"]);
    git(&["commit", "-qam", "two"]);
    git(&["checkout", "-q", "HEAD^"]);
    git(&["config", "diff.noprefix", "true"]);
    let branch = if root.join(".git/refs/heads/main").exists() { "main" } else { "master" };
    for range in [format!("HEAD..{branch}"), branch.to_owned()] {
        let changes = of_revisions(&root, &range).unwrap().apply(&root).unwrap();
        let paths: Vec<_> = changes.iter().map(|change| change.path.as_str()).collect();
        assert_eq!(paths, ["fs/a.c", "gone.c", "here.c"], "{range}");
    }
    for range in ["--output=x", "HEAD..", "nothing..HEAD", "HEAD...HEAD"] {
        let error = of_revisions(&root, range).unwrap_err();
        assert!(matches!(error, PatchError::Git { .. }), "{range}: {error}");
    }
    let error = of_revisions(&root, "HEAD..HEAD").unwrap_err();
    assert!(matches!(error, PatchError::NoDifference { .. }), "{error}");
    git(&["checkout", "-q", branch]);
    let error = of_revisions(&root, "HEAD^..HEAD").unwrap().apply(&root).unwrap_err();
    assert!(error.hint().unwrap().contains("already applied"), "{error}");
}

#[test]
fn fuzz_is_refused_unless_asked_for() {
    let (_guard, root) = directory();
    write(&root, BASE);
    let text = "--- a/fs/a.c\n+++ b/fs/a.c\n@@ -1,3 +1,3 @@\n other\n-two\n+TWO\n three\n";
    let patch = Patch::parse(text.as_bytes(), Utf8Path::new("p")).unwrap();
    let set = PatchSet::new(vec![patch]);
    let error = set.apply(&root).unwrap_err();
    assert!(error.hint().unwrap().contains("--fuzz"), "{:?}", error.hint());
    let changes = set.with_fuzz(1).apply(&root).unwrap();
    assert_eq!(changes.first().unwrap().new.as_deref(), Some(CHANGED.as_bytes()));
}

#[test]
fn refused_paths() {
    let (_guard, root) = directory();
    write(&root, BASE);
    let (_other, outside) = directory();
    write(&outside, &[("a.c", "one\ntwo\nthree\n")]);
    fs_err::os::unix::fs::symlink(&outside, root.join("link")).unwrap();
    fs_err::os::unix::fs::symlink("fs/a.c", root.join("alias.c")).unwrap();
    for name in [
        "/etc/passwd",
        "a/../../etc/passwd",
        "a/fs/../fs/a.c",
        "../fs/a.c",
        "a/link/a.c",
        "a/alias.c",
        "a/.git/config",
        "a/fs",
        "a",
    ] {
        let text = format!("--- {name}\n+++ {name}\n{HUNK}");
        let result = apply(&root, &text);
        assert!(
            matches!(
                result,
                Err(PatchError::Outside { .. }
                    | PatchError::Absolute { .. }
                    | PatchError::Symlink { .. }
                    | PatchError::NoFile { .. }
                    | PatchError::Directory { .. })
            ),
            "{name}: {result:?}"
        );
        let rename = format!("diff --git a/gone.c b/x\nrename from gone.c\nrename to ../{name}\n");
        assert!(matches!(apply(&root, &rename), Err(PatchError::Outside { .. })), "rename {name}");
    }
}

/// What people do by mistake is named as what it is, with what helps.
#[test]
fn absolute_names_and_symlinks() {
    let (_guard, root) = directory();
    write(&root, BASE);
    fs_err::os::unix::fs::symlink("fs", root.join("dir")).unwrap();
    let refused = |name: &str| {
        let text = format!("--- {name}\n+++ {name}\n{HUNK}");
        let error = apply(&root, &text).unwrap_err();
        (error.to_string(), error.hint().unwrap())
    };
    let (error, hint) = refused("/src/linux/fs/a.c");
    assert!(error.contains("is an absolute name"), "{error}");
    assert!(hint.contains("relative"), "{hint}");
    let (error, hint) = refused("a/dir/a.c");
    assert!(error.contains("`dir/a.c` leads through a symlink"), "{error}");
    assert!(hint.contains("`fs/a.c`"), "{hint}");
}

#[test]
fn refused_contents() {
    let (_guard, root) = directory();
    write(&root, BASE);
    let refused = |text: &str| apply(&root, text).unwrap_err();
    assert!(matches!(refused("nothing here\n"), PatchError::Empty { .. }));
    assert!(matches!(refused(""), PatchError::Empty { .. }));
    for text in [
        "diff --git a/x.bin b/x.bin\nindex 1..2 100644\nGIT binary patch\nliteral 1\nIcmZQz00962\n",
        "diff --git a/x.bin b/x.bin\nindex 1..2 100644\nBinary files a/x.bin and b/x.bin differ\n",
        "Binary files old/x.bin and new/x.bin differ\n",
    ] {
        assert!(matches!(refused(text), PatchError::Binary { .. }), "{text}");
    }
    let link =
        "diff --git a/l b/l\nnew file mode 120000\n--- /dev/null\n+++ b/l\n@@ -0,0 +1 @@\n+x\n";
    assert!(matches!(refused(link), PatchError::NotAFile { .. }));
    let cut = "--- a/fs/a.c\n+++ b/fs/a.c\n@@ -1,3 +1,3 @@\n one\n-two\n";
    assert!(matches!(refused(cut), PatchError::Malformed { .. }));
    let wrapped =
        "--- a/fs/a.c\n+++ b/fs/a.c\n@@ -1,3 +1,3 @@\n one\nwrapped\n-two\n+TWO\n three\n";
    assert!(matches!(refused(wrapped), PatchError::Malformed { line: 5, .. }));
    let garbled = "--- a/fs/a.c\n+++ b/fs/a.c\n@@ -x +1 @@\n";
    assert!(matches!(refused(garbled), PatchError::Malformed { line: 3, .. }));
    let huge = "--- a/fs/a.c\n+++ b/fs/a.c\n@@ -18446744073709551615,1 +9,1 @@\n-x\n+y\n";
    assert!(matches!(refused(huge), PatchError::Hunk { .. }));
}

#[test]
fn errors_name_the_place() {
    let (_guard, root) = directory();
    write(&root, BASE);
    let text = format!("--- a/fs/a.c\n+++ b/fs/a.c\n{HUNK}@@ -4,2 +4,2 @@\n wrong\n-five\n+FIVE\n");
    let error = apply(&root, &text).unwrap_err();
    assert_eq!(error.to_string(), "fix.patch:8: hunk 2 does not apply to `fs/a.c` (line 4)");
    assert!(!error.hint().unwrap().contains("already"));

    let forward = format!("--- a/fs/a.c\n+++ b/fs/a.c\n{HUNK}");
    write(&root, &[("fs/a.c", CHANGED)]);
    let error = apply(&root, &forward).unwrap_err();
    assert!(error.hint().unwrap().contains("already applied"), "{error}");

    let missing = format!("--- a/no.c\n+++ b/no.c\n{HUNK}");
    assert!(matches!(apply(&root, &missing).unwrap_err(), PatchError::NoFile { .. }));
    let rest = "--- a/gone.c\n+++ /dev/null\n@@ -1 +0,0 @@\n-bye\n";
    write(&root, &[("gone.c", "bye\nmore\n")]);
    assert!(matches!(apply(&root, rest).unwrap_err(), PatchError::NotEmptied { .. }));
    let error = Patch::read(Utf8Path::new("/nonexistent.patch")).unwrap_err();
    assert!(matches!(error, PatchError::Io { .. }));
}

#[test]
fn unreadable_bytes_are_kept() {
    let (_guard, root) = directory();
    fs::write(root.join("latin1.c"), b"caf\xe9\nx\n").unwrap();
    let bytes = b"--- a/latin1.c\n+++ b/latin1.c\n@@ -1,2 +1,2 @@\n caf\xe9\n-x\n+\xe9\n";
    let patch = Patch::parse(bytes, Utf8Path::new("p")).unwrap();
    let changes = PatchSet::new(vec![patch]).apply(&root).unwrap();
    assert_eq!(changes.first().unwrap().new.as_deref(), Some(&b"caf\xe9\n\xe9\n"[..]));
    run(&root, "true", &[]);
}
