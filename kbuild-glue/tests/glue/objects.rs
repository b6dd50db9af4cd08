//! What Kbuild linked, from archives made on the spot.

use crate::common::{directory, run, write};
use fs_err as fs;
use kbuild_glue::{LinkedInto, LinkedObject, ObjectsError, linked_objects};

fn listed(root: &camino::Utf8Path) -> Vec<String> {
    linked_objects(root)
        .unwrap()
        .into_iter()
        .map(|LinkedObject { object, linked }| match linked {
            LinkedInto::Vmlinux => object.into_string(),
            LinkedInto::Module(module) => format!("{module}: {object}"),
        })
        .collect()
}

const OBJECTS: &[(&str, &str)] = &[
    ("init/main.o", "1"),
    ("fs/proc/a-name-that-is-longer-than-sixteen.o", "2"),
    ("fs/z.o", "3"),
    ("lib/string.o", "4"),
    ("arch/x86/lib/memcpy_64.o", "5"),
];

#[test]
fn thin_archives() {
    let (_guard, root) = directory();
    write(&root, OBJECTS);
    let ar = |arguments: &[&str]| run(&root, "ar", arguments);
    ar(&["cDPrST", "fs/built-in.a", "fs/z.o", "fs/proc/a-name-that-is-longer-than-sixteen.o"]);
    ar(&["cDPrST", "built-in.a", "init/main.o", "fs/built-in.a"]);
    ar(&["cDPrsT", "lib/lib.a", "lib/string.o"]);
    ar(&["cDPrsT", "arch/x86/lib/lib.a", "arch/x86/lib/memcpy_64.o"]);
    let everything = [
        "init/main.o",
        "fs/z.o",
        "fs/proc/a-name-that-is-longer-than-sixteen.o",
        "lib/string.o",
        "arch/x86/lib/memcpy_64.o",
    ];
    // Up to 5.18: no vmlinux.a.
    assert_eq!(listed(&root), everything);
    // 5.19 to 6.x
    ar(&["cDPrST", "vmlinux.a", "./built-in.a", "lib/lib.a", "arch/x86/lib/lib.a"]);
    assert_eq!(listed(&root), everything);
    // A library that is linked beside it, and named twice.
    fs::remove_file(root.join("vmlinux.a")).unwrap();
    ar(&["cDPrST", "vmlinux.a", "./built-in.a"]);
    let command = "savedcmd_vmlinux.o := ld -r -o vmlinux.o --whole-archive vmlinux.a --no-whole-archive --start-group lib/lib.a lib/lib.a none.a --end-group\n";
    write(&root, &[(".vmlinux.o.cmd", command)]);
    assert_eq!(listed(&root), &everything[..4]);
}

#[test]
fn an_archive_in_an_archive() {
    // GNU ar adds the members of a thin archive; other tools name the archive itself.
    let (_guard, root) = directory();
    write(&root, OBJECTS);
    run(&root, "ar", &["cDPrST", "fs/built-in.a", "fs/z.o"]);
    let name = "fs/built-in.a/\n";
    let header = |name: &str, size: usize| {
        format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{size:<10}`\n", 0, 0, 0, 644)
    };
    let mut text = format!("!<thin>\n{}{name}", header("//", name.len()));
    if text.len() % 2 == 1 {
        text.push('\n');
    }
    text.push_str(&header("/0", 100));
    write(&root, &[("vmlinux.a", text.as_str())]);
    assert_eq!(listed(&root), ["fs/z.o"]);

    let itself = text.replace("fs/built-in.a/", "././vmlinux.a/");
    write(&root, &[("vmlinux.a", itself.as_str())]);
    assert!(matches!(linked_objects(&root), Err(ObjectsError::Nested { .. })));
}

#[test]
fn modules() {
    let (_guard, root) = directory();
    write(&root, OBJECTS);
    run(&root, "ar", &["cDPrST", "vmlinux.a", "init/main.o"]);
    write(
        &root,
        &[
            ("modules.order", "fs/ext4/ext4.ko\nfs/mbcache.o\nfs/mbcache.o\n"),
            ("fs/ext4/ext4.mod", "fs/ext4/inode.o\nfs/ext4/super.o\nfs/ext4/inode.o\n"),
            ("fs/mbcache.mod", "fs/mbcache.o\nsome_symbol other_symbol\n"),
        ],
    );
    let expected = [
        "init/main.o",
        "fs/ext4/ext4: fs/ext4/inode.o",
        "fs/ext4/ext4: fs/ext4/super.o",
        "fs/mbcache: fs/mbcache.o",
    ];
    assert_eq!(listed(&root), expected);
    write(&root, &[("fs/ext4/ext4.mod", "fs/ext4/inode.o fs/ext4/super.o\n")]);
    assert_eq!(listed(&root), expected);
    fs::remove_file(root.join("fs/mbcache.mod")).unwrap();
    let error = linked_objects(&root).unwrap_err();
    assert!(matches!(error, ObjectsError::NoModFile { .. }) && error.hint().is_some());
}

#[test]
fn damaged_records() {
    let (_guard, root) = directory();
    write(&root, OBJECTS);
    let error = linked_objects(&root).unwrap_err();
    assert!(matches!(error, ObjectsError::NotBuilt { .. }) && error.hint().is_some());
    for text in ["", "!<thin", "!<thin>\nrubbish", "not an archive at all, but long enough for one"]
    {
        write(&root, &[("vmlinux.a", text)]);
        assert!(matches!(linked_objects(&root), Err(ObjectsError::Archive { .. })), "{text:?}");
    }
    fs::remove_file(root.join("vmlinux.a")).unwrap();
    run(&root, "ar", &["cDrS", "vmlinux.a", "init/main.o"]);
    assert!(matches!(linked_objects(&root), Err(ObjectsError::NotThin { .. })));
    fs::remove_file(root.join("vmlinux.a")).unwrap();
    run(&root, "ar", &["cDPrST", "vmlinux.a", root.join("init/main.o").as_str()]);
    assert!(matches!(linked_objects(&root), Err(ObjectsError::Outside { .. })));
    write(&root, &[("modules.order", "../x.ko\n")]);
    fs::remove_file(root.join("vmlinux.a")).unwrap();
    run(&root, "ar", &["cDPrST", "vmlinux.a", "init/main.o"]);
    assert!(matches!(linked_objects(&root), Err(ObjectsError::Outside { .. })));
}
