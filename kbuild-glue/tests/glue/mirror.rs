//! The mirror: same as the sources, never the sources themselves.

use std::os::unix::fs::MetadataExt;
use std::time::{Duration, SystemTime};

use crate::common::{contents, directory, observe, run, write};
use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use kbuild_glue::{FileChange, Mirror, Tree};

const MAKEFILE: &str = "VERSION = 6\nPATCHLEVEL = 1\n";
const SOURCES: &[(&str, &str)] = &[
    ("Makefile", MAKEFILE),
    (".gitignore", "*.o\n.*\n!.gitignore\n/include/generated/\n"),
    ("fs/a.c", "int a;\n"),
    ("fs/b.c", "int b;\n"),
    ("include/linux/a.h", "#pragma once\n"),
];

fn sync(tree: &Tree, dir: &Utf8Path) -> Mirror {
    let mirror = Mirror::sync(tree, dir, &mut |_| {}).unwrap();
    mirror.keep().unwrap();
    mirror
}

fn modified(path: &Utf8Path) -> SystemTime {
    fs::metadata(path).unwrap().modified().unwrap()
}

/// A source tree whose files are an hour old, an output directory, and the place of the mirror.
fn tree() -> (tempfile::TempDir, Tree, Utf8PathBuf) {
    let (guard, root) = directory();
    let (source, output) = (root.join("src"), root.join("out"));
    write(&source, SOURCES);
    fs_err::os::unix::fs::symlink("fs/a.c", source.join("link.c")).unwrap();
    fs_err::os::unix::fs::symlink("nowhere", source.join("dangling")).unwrap();
    fs::create_dir_all(output.join(".klp")).unwrap();
    fs::create_dir_all(source.join("empty")).unwrap();
    for (path, _) in SOURCES {
        age(&source.join(path));
    }
    let tree = Tree::find(&source, Some(&output)).unwrap();
    let mirror = output.join(".klp/mirror");
    (guard, tree, mirror)
}

fn age(path: &Utf8Path) {
    let hour = SystemTime::now() - Duration::from_hours(1);
    fs::File::open(path).unwrap().set_modified(hour).unwrap();
}

/// When the file was changed, whatever time it says it is from.
fn written(path: &Utf8Path) -> SystemTime {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = fs::metadata(path).unwrap();
    let (seconds, part) = (metadata.ctime(), metadata.ctime_nsec());
    let since = Duration::new(seconds.try_into().unwrap(), part.try_into().unwrap());
    SystemTime::UNIX_EPOCH + since
}

fn change(path: &str, new: Option<&str>) -> FileChange {
    FileChange {
        path: path.into(),
        old: None,
        new: new.map(|text| text.as_bytes().to_vec()),
        mode: None,
    }
}

#[test]
fn same_as_the_sources() {
    let (_guard, tree, dir) = tree();
    let before = observe(&tree.source);
    let mirror = sync(&tree, &dir);
    assert!(mirror.is_fresh());
    assert_eq!(contents(&dir), contents(&tree.source));
    assert_eq!(modified(&dir.join("fs/a.c")), written(&tree.source.join("fs/a.c")));
    let again = sync(&tree, &dir);
    assert!(!again.is_fresh());
    assert_eq!((again.changed(), again.stamps()), (0, mirror.stamps()));
    assert_eq!(observe(&tree.source), before);
}

#[test]
fn follows_the_sources() {
    let (_guard, tree, dir) = tree();
    let first = sync(&tree, &dir);
    let start = SystemTime::now() - Duration::from_secs(1);
    let source = &tree.source;
    write(source, &[("new/c.c", "int c;\n")]);
    age(&source.join("new/c.c"));
    fs::remove_file(source.join("fs/b.c")).unwrap();
    fs::remove_dir(source.join("empty")).unwrap();
    fs::remove_file(source.join("dangling")).unwrap();
    write(source, &[("dangling/is.c", "now a directory\n")]);
    // Replaced by a rename, as editors do, with an old time.
    write(source, &[("tmp", "int changed;\n")]);
    age(&source.join("tmp"));
    fs::rename(source.join("tmp"), source.join("fs/a.c")).unwrap();
    let second = sync(&tree, &dir);
    assert_eq!(contents(&dir), contents(source));
    assert_ne!(second.stamps(), first.stamps());
    for path in ["fs/a.c", "new/c.c"] {
        assert!(modified(&dir.join(path)) >= start, "make would not see {path}");
    }
    assert_eq!(sync(&tree, &dir).changed(), 0);
}

#[test]
fn a_write_into_a_file_is_seen() {
    let (_guard, tree, dir) = tree();
    sync(&tree, &dir);
    let start = SystemTime::now() - Duration::from_secs(1);
    // Same size, older time, same inode: make alone would not notice.
    fs::write(tree.source.join("fs/a.c"), "int x;\n").unwrap();
    fs::File::open(tree.source.join("fs/a.c"))
        .unwrap()
        .set_modified(SystemTime::now() - Duration::from_hours(2))
        .unwrap();
    sync(&tree, &dir);
    assert_eq!(fs::read_to_string(dir.join("fs/a.c")).unwrap(), "int x;\n");
    assert!(modified(&dir.join("fs/a.c")) >= start);
}

/// As `cp -p`, `rsync -t` and `touch -r` leave it: neither make nor a fingerprint of sizes and times would notice.
#[test]
fn an_edit_that_keeps_size_and_time_is_seen() {
    let (_guard, tree, dir) = tree();
    sync(&tree, &dir);
    let start = SystemTime::now() - Duration::from_secs(1);
    let path = tree.source.join("fs/a.c");
    let time = modified(&path);
    // Only the system's own time of the file tells.
    std::thread::sleep(Duration::from_millis(20));
    fs::write(&path, "int x;\n").unwrap();
    fs::File::open(&path).unwrap().set_modified(time).unwrap();
    let mirror = sync(&tree, &dir);
    assert_eq!(mirror.altered(), Some("fs/a.c"));
    assert_eq!(fs::read_to_string(dir.join("fs/a.c")).unwrap(), "int x;\n");
    assert!(modified(&dir.join("fs/a.c")) >= start);
    // A new link to the file changes nothing.
    fs::hard_link(&path, tree.output.join("link")).unwrap();
    let again = sync(&tree, &dir);
    assert_eq!((again.changed(), again.altered()), (0, None));
}

/// A run that is killed before it has written down what it brought.
#[test]
fn what_was_brought_keeps_its_time() {
    let (_guard, tree, dir) = tree();
    sync(&tree, &dir);
    let start = SystemTime::now() - Duration::from_secs(1);
    write(&tree.source, &[("fs/a.c", "int other;\n")]);
    Mirror::sync(&tree, &dir, &mut |_| {}).unwrap();
    sync(&tree, &dir);
    assert!(modified(&dir.join("fs/a.c")) >= start, "make would not see it");
}

/// Compilers name files of the mirror, and people open what compilers name.
#[test]
fn a_write_into_the_mirror_leaves_the_sources_alone() {
    let (_guard, tree, dir) = tree();
    let before = observe(&tree.source);
    sync(&tree, &dir);
    for (path, _) in SOURCES {
        fs::write(dir.join(path), "edited\n").unwrap();
    }
    assert_eq!(observe(&tree.source), before);
}

/// Whatever was done to the mirror, it is the same as the sources again, and make sees what was not.
#[test]
fn an_altered_mirror_is_found() {
    let (_guard, tree, dir) = tree();
    sync(&tree, &dir);
    let file = dir.join("fs/a.c");
    let old = modified(&file);
    let edit = |text: &str, time: SystemTime| {
        fs::write(&file, text).unwrap();
        fs::File::open(&file).unwrap().set_modified(time).unwrap();
    };
    let alterations: [(&str, &dyn Fn()); 5] = [
        ("fs/a.c", &|| edit("int z;\n", old)),
        ("fs/a.c", &|| edit("int aaaa;\n", old - Duration::from_secs(9))),
        ("fs/a.c", &|| fs::remove_file(&file).unwrap()),
        ("fs/a.c", &|| fs::rename(dir.join("fs/b.c"), &file).unwrap()),
        ("include/fs.h", &|| fs::write(dir.join("include/fs.h"), "").unwrap()),
    ];
    for (path, alter) in alterations {
        alter();
        let start = SystemTime::now() - Duration::from_secs(1);
        let mirror = sync(&tree, &dir);
        assert_eq!(mirror.altered(), Some(path));
        assert_eq!(contents(&dir), contents(&tree.source));
        assert!(path != "fs/a.c" || modified(&file) >= start, "make would not see it");
        assert_eq!(sync(&tree, &dir).altered(), None);
    }
    // The same again is the same, whatever time it got.
    let time = modified(&file);
    edit("int a;\n", SystemTime::now() + Duration::from_hours(1));
    assert_eq!(sync(&tree, &dir).altered(), None);
    assert_eq!(modified(&file), time);
    // The list is believed only as it was written.
    let stamps = dir.with_file_name("mirror.stamps");
    let text = fs::read_to_string(&stamps).unwrap().replacen("fs/b.c", "fs/d.c", 1);
    fs::write(&stamps, text).unwrap();
    assert!(sync(&tree, &dir).is_fresh());
}

#[test]
fn nothing_is_from_the_future() {
    let (_guard, tree, dir) = tree();
    let future = SystemTime::now() + Duration::from_hours(1);
    fs::File::open(tree.source.join("fs/a.c")).unwrap().set_modified(future).unwrap();
    sync(&tree, &dir);
    assert!(modified(&dir.join("fs/a.c")) <= SystemTime::now());
}

#[test]
fn patched_and_restored() {
    let (_guard, tree, dir) = tree();
    let before = observe(&tree.source);
    let mirror = sync(&tree, &dir);
    let file = |path: &str| {
        let metadata = fs::metadata(dir.join(path)).unwrap();
        (metadata.ino(), metadata.modified().unwrap())
    };
    let files = (file("fs/a.c"), file("fs/b.c"));
    let changes = [
        change("fs/a.c", Some("patched\n")),
        change("fs/b.c", None),
        change("deep/er/new.c", Some("new\n")),
    ];
    mirror.apply(&changes).unwrap();
    assert_eq!(fs::read_to_string(dir.join("fs/a.c")).unwrap(), "patched\n");
    assert!(!dir.join("fs/b.c").exists() && dir.join("deep/er/new.c").exists());
    assert_eq!(observe(&tree.source), before, "the user's tree was written");
    mirror.restore().unwrap();
    assert_eq!(contents(&dir), contents(&tree.source));
    // The same files: objects that were made from them are still younger than they are.
    assert_eq!((file("fs/a.c"), file("fs/b.c")), files);
    assert_eq!(sync(&tree, &dir).changed(), 0);
    assert_eq!(observe(&tree.source), before);
}

#[test]
fn a_killed_run_is_repaired() {
    let (_guard, tree, dir) = tree();
    let before = observe(&tree.source);
    let mirror = sync(&tree, &dir);
    mirror.apply(&[change("fs/a.c", Some("int p;\n")), change("new.h", Some("x"))]).unwrap();
    // kill -9: no destructor runs, the journal stays. The sizes are the same on purpose.
    drop(mirror);
    let journal = dir.with_file_name("mirror.journal");
    assert!(journal.exists());
    write(&dir.with_file_name("mirror.tmp"), &[("file", "half a fi")]);

    sync(&tree, &dir);
    assert_eq!(contents(&dir), contents(&tree.source));
    assert_eq!(modified(&dir.join("fs/a.c")), written(&tree.source.join("fs/a.c")));
    assert!(!journal.exists());
    assert_eq!(observe(&tree.source), before);

    // Killed after the journal was written, before any file was.
    fs::write(&journal, "=fs/b.c\0+never/was.c\0").unwrap();
    sync(&tree, &dir);
    assert_eq!(contents(&dir), contents(&tree.source));
    // A journal never leads out of the mirror.
    fs::write(&journal, "=../../src/fs/b.c\0").unwrap();
    assert!(Mirror::sync(&tree, &dir, &mut |_| {}).is_err());
    assert_eq!(observe(&tree.source), before);
}

#[test]
fn killed_during_the_first_sync() {
    let (_guard, tree, dir) = tree();
    sync(&tree, &dir);
    fs::remove_file(dir.with_file_name("mirror.stamps")).unwrap();
    fs::remove_file(dir.join("fs/b.c")).unwrap();
    fs::remove_file(dir.join("fs/a.c")).unwrap();
    fs::write(dir.join("fs/a.c"), "int z;\n").unwrap();
    assert!(sync(&tree, &dir).is_fresh());
    assert_eq!(contents(&dir), contents(&tree.source));
}

#[test]
fn only_sources_of_an_in_tree_build() {
    let (_guard, tree, _) = tree();
    let tree = Tree { output: tree.source.clone(), source: tree.source };
    let dir = tree.output.join(".klp/mirror");
    let wanted = contents(&tree.source);
    write(
        &tree.source,
        &[
            (".config", "CONFIG_A=y\n"),
            ("fs/a.o", "o"),
            ("fs/.a.o.cmd", "c"),
            ("include/generated/autoconf.h", "g"),
            (".klp/build/x", "x"),
        ],
    );
    let files = |map: std::collections::BTreeMap<Utf8PathBuf, String>| {
        let empty = |path: &Utf8PathBuf| path != "empty" && !path.as_str().contains("generated");
        map.into_iter().filter(|(path, _)| empty(path)).collect::<Vec<_>>()
    };
    sync(&tree, &dir);
    assert_eq!(files(contents(&dir)), files(wanted.clone()), "without git");

    run(&tree.source, "git", &["init", "-q"]);
    run(&tree.source, "git", &["add", "."]);
    // Known to git though a pattern says no; and one that nobody added yet.
    write(&tree.source, &[("fs/blob.o", "known"), ("fs/untracked.c", "u")]);
    run(&tree.source, "git", &["add", "-f", "fs/blob.o"]);
    sync(&tree, &dir);
    let mut wanted = wanted;
    wanted.insert("fs/blob.o".into(), "known".into());
    wanted.insert("fs/untracked.c".into(), "u".into());
    assert_eq!(files(contents(&dir)), files(wanted), "with git");
}

#[test]
fn no_outputs_of_other_builds() {
    let (_guard, tree, _) = tree();
    let output = tree.source.join("build-a");
    let other = tree.source.join("build-b");
    for directory in [&output, &other] {
        write(directory, &[(".config", ""), ("Makefile", ""), ("big.o", "x")]);
        fs_err::os::unix::fs::symlink("..", directory.join("source")).unwrap();
    }
    let tree = Tree { output: output.clone(), source: tree.source };
    let dir = output.join(".klp/mirror");
    fs::create_dir_all(dir.parent().unwrap()).unwrap();
    sync(&tree, &dir);
    assert!(dir.join("fs/a.c").exists());
    assert!(!dir.join("build-a").exists() && !dir.join("build-b").exists());
}

#[test]
fn read_only_sources() {
    use std::os::unix::fs::PermissionsExt;
    let (_guard, tree, dir) = tree();
    let mode = |path: &Utf8Path, mode| {
        fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    mode(&tree.source.join("fs/a.c"), 0o444);
    mode(&tree.source.join("fs"), 0o555);
    let before = observe(&tree.source);
    let mirror = sync(&tree, &dir);
    mirror.apply(&[change("fs/a.c", Some("p\n"))]).unwrap();
    mirror.restore().unwrap();
    assert_eq!(contents(&dir), contents(&tree.source));
    assert_eq!(observe(&tree.source), before);
    mode(&tree.source.join("fs"), 0o755);
}
