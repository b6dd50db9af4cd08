//! Both builds of the mini kernel.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::common::{contents, copy_mini_kernel, directory, mini_patch, observe, run, write};
use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use kbuild_glue::{
    BuildError, BuildEvent, BuildSettings, Interrupt, Jobs, Make, MakeError, OriginalBuild,
    PatchSet, PatchedBuild, Tree, Workspace,
};

/// What one run of the program does.
fn build(
    tree: &Tree,
    patches: &[Utf8PathBuf],
    interrupt: &Interrupt,
    events: &mut dyn FnMut(BuildEvent),
) -> Result<(OriginalBuild, PatchedBuild), BuildError> {
    let jobs = Jobs::new(2).unwrap();
    let settings = BuildSettings {
        jobs: &jobs,
        variables: &[],
        environment: &[],
        full_make: false,
        interrupt,
        make: "make",
    };
    let root = tree.output.join(".klp");
    let workspace = Workspace::open(tree, &root, interrupt, events)?;
    let original = workspace.build_original(&settings, events)?;
    let after = workspace.build_patched(&original, &PatchSet::read(patches)?, &settings, events)?;
    Ok((original, after))
}

fn quietly(tree: &Tree, patch: &Utf8Path) -> Result<(OriginalBuild, PatchedBuild), BuildError> {
    build(tree, &[patch.to_owned()], &Interrupt::new(), &mut |_| {})
}

/// The objects that differ between both builds.
fn different((original, patched): &(OriginalBuild, PatchedBuild)) -> Vec<String> {
    assert_eq!(original.objects, patched.objects);
    let differs = |object: &&Utf8PathBuf| {
        fs::read(original.root.join(object)).unwrap() != fs::read(patched.path(object)).unwrap()
    };
    let objects = original.objects.iter().map(|linked| &linked.object);
    objects.filter(differs).map(ToString::to_string).collect()
}

/// A configured mini kernel, out of tree.
fn kernel() -> (tempfile::TempDir, Tree) {
    let (guard, root) = directory();
    let (source, output) = (root.join("src"), root.join("out"));
    copy_mini_kernel(&source);
    run(&source, "make", &[&format!("O={output}"), "defconfig"]);
    let tree = Tree::find(&output, None).unwrap();
    assert_eq!(tree.source, source);
    (guard, tree)
}

#[test]
fn original_kept_patched_built() {
    let (_guard, tree) = kernel();
    let before = observe(&tree.source);
    let patch = mini_patch("fix-one-function.patch");
    let mut steps = Vec::new();
    let first = build(&tree, std::slice::from_ref(&patch), &Interrupt::new(), &mut |event| {
        if let BuildEvent::Step { target, .. } = event {
            steps.push(target);
        }
    })
    .unwrap();
    assert!(!first.0.reused);
    assert!(steps.iter().any(|target| target == "fs/proc.o"), "{steps:?}");
    assert!(first.0.vmlinux_o.as_ref().is_some_and(|path| path.exists()));
    assert_eq!(different(&first), ["fs/proc.o"]);
    assert_eq!(observe(&tree.source), before);

    // The second patch finds the original and compiles what it touches.
    let (mut steps, mut said) = (Vec::new(), Vec::new());
    let module = mini_patch("module-string.patch");
    let second = build(&tree, &[module], &Interrupt::new(), &mut |event| match event {
        BuildEvent::Step { verb, target } if verb.starts_with("CC") => steps.push(target),
        BuildEvent::Status { verb, message } => said.push(format!("{verb} {message}")),
        _ => {}
    })
    .unwrap();
    assert_eq!(said, ["Building patched kernel (1 file changed, 1 object to compile)"]);
    assert!(second.0.reused);
    assert_eq!(second.0.objects, first.0.objects);
    let changed = different(&second);
    assert!(!changed.is_empty() && changed.iter().all(|object| object.starts_with("drivers/")));
    assert_eq!(steps, second.1.made.iter().map(ToString::to_string).collect::<Vec<_>>());

    // The same as builds that never saw another patch.
    let (_other, fresh) = kernel();
    let alone = quietly(&fresh, &mini_patch("module-string.patch")).unwrap();
    for linked in &second.1.objects {
        assert_eq!(
            fs::read(second.1.path(&linked.object)).unwrap(),
            fs::read(alone.1.path(&linked.object)).unwrap(),
            "{}",
            linked.object
        );
    }
    // An edit of the sources or of the configuration ends the reuse.
    write(&tree.source, &[("fs/extra.c", "\n")]);
    assert!(!quietly(&tree, &patch).unwrap().0.reused);
    assert!(quietly(&tree, &patch).unwrap().0.reused);
}

#[test]
fn in_tree() {
    let (_guard, root) = directory();
    let source = root.join("src");
    copy_mini_kernel(&source);
    run(&source, "make", &["defconfig"]);
    run(&source, "make", &["-j2"]);
    let before = observe(&source);
    let tree = Tree::find(&source, None).unwrap();
    let builds = quietly(&tree, &mini_patch("fix-one-function.patch")).unwrap();
    assert_eq!(different(&builds), ["fs/proc.o"]);
    fs::remove_dir_all(source.join(".klp")).unwrap();
    assert_eq!(observe(&source), before);
}

#[test]
fn failures_leave_the_mirror_right() {
    let (guard, tree) = kernel();
    let root = Utf8PathBuf::from_path_buf(guard.path().to_owned()).unwrap();
    let before = observe(&tree.source);
    let broken = root.join("broken.patch");
    let text = fs::read_to_string(mini_patch("fix-one-function.patch")).unwrap();
    fs::write(&broken, text.replace("+\tif (!size)", "+\tif (!size")).unwrap();
    let error = quietly(&tree, &broken).unwrap_err();
    let BuildError::Make(MakeError::Failed { tail, log, .. }) = &error else {
        panic!("{error:?}");
    };
    assert!(tail.iter().any(|line| line.contains("error:")), "{tail:?}");
    assert!(tail.iter().any(|line| line.contains("***")) && tail.len() <= 20, "{tail:?}");
    assert!(log.exists() && error.hint().is_some());
    let mirror = tree.output.join(".klp/mirror");
    assert_eq!(contents(&mirror), contents(&tree.source));

    let absent = root.join("absent.patch");
    fs::write(&absent, text.replace("fs/proc.c", "fs/absent.c")).unwrap();
    assert!(matches!(quietly(&tree, &absent), Err(BuildError::Patch(_))));
    assert_eq!(contents(&mirror), contents(&tree.source));
    let fine = quietly(&tree, &mini_patch("fix-one-function.patch")).unwrap();
    assert!(fine.0.reused);
    assert_eq!(different(&fine), ["fs/proc.o"]);
    assert_eq!(observe(&tree.source), before);

    fs::remove_file(tree.config_path()).unwrap();
    let error = quietly(&tree, &broken).unwrap_err();
    assert!(matches!(error, BuildError::Config(_)) && error.hint().is_some());
}

#[test]
fn interrupted_at_any_time() {
    let (_guard, tree) = kernel();
    let before = observe(&tree.source);
    let patch = mini_patch("fix-one-function.patch");
    for stop_at in [1_usize, 3, 8, 15, 25] {
        let interrupt = Interrupt::new();
        let mut steps = 0_usize;
        let result = build(&tree, std::slice::from_ref(&patch), &interrupt, &mut |event| {
            if matches!(event, BuildEvent::Step { .. }) {
                steps += 1;
                if steps == stop_at {
                    interrupt.raise();
                }
            }
        });
        match result {
            Err(error) => assert!(error.is_interrupt(), "{error:?}"),
            Ok(_) => assert!(steps <= stop_at),
        }
        assert_eq!(observe(&tree.source), before);
        let mirror = tree.output.join(".klp/mirror");
        assert_eq!(contents(&mirror), contents(&tree.source));
    }
    assert_eq!(different(&quietly(&tree, &patch).unwrap()), ["fs/proc.o"]);
}

#[test]
fn a_cut_object_is_made_again() {
    let (_guard, tree) = kernel();
    let patch = mini_patch("fix-one-function.patch");
    quietly(&tree, &patch).unwrap();
    // As a power cut leaves it: a marker, and an object that is newer than its command.
    let work = tree.output.join(".klp");
    fs::write(work.join("running"), "").unwrap();
    std::thread::sleep(Duration::from_millis(20));
    fs::write(work.join("build/kernel/sched.o"), "cut").unwrap();
    let mut repaired = false;
    let builds = build(&tree, &[patch], &Interrupt::new(), &mut |event| {
        repaired |= matches!(event, BuildEvent::Status { verb: "Repairing", .. });
    })
    .unwrap();
    assert!(repaired);
    assert_eq!(different(&builds), ["fs/proc.o"]);
}

#[test]
fn killed_at_any_time() {
    let (guard, tree) = kernel();
    let before = observe(&tree.source);
    let patch = mini_patch("fix-one-function.patch");
    let mut seen = 0;
    for after in [30, 120, 250, 400, 600, 900, 1300, 1800] {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "build::child_that_builds", "--ignored"])
            .env("KLP_TEST_ROOT", guard.path().canonicalize().unwrap())
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(after));
        child.kill().unwrap();
        child.wait().unwrap();
        seen += u32::from(tree.output.join(".klp/running").exists());
        assert_eq!(observe(&tree.source), before, "killed after {after} ms");
    }
    assert!(seen > 0, "no kill met a make");
    let builds = quietly(&tree, &patch).unwrap();
    assert_eq!(different(&builds), ["fs/proc.o"]);
    assert_eq!(contents(&tree.output.join(".klp/mirror")), contents(&tree.source));
    let (_other, fresh) = kernel();
    let alone = quietly(&fresh, &patch).unwrap();
    for linked in &alone.0.objects {
        assert_eq!(
            fs::read(builds.0.root.join(&linked.object)).unwrap(),
            fs::read(alone.0.root.join(&linked.object)).unwrap(),
            "{}",
            linked.object
        );
    }
}

#[test]
#[ignore = "run and killed by killed_at_any_time"]
#[expect(clippy::disallowed_methods, reason = "the parent test hands its directory over")]
fn child_that_builds() {
    let root = Utf8PathBuf::from(std::env::var("KLP_TEST_ROOT").unwrap());
    let tree = Tree::find(&root.join("out"), None).unwrap();
    // Both builds in turn, so that a kill can meet either.
    quietly(&tree, &mini_patch("fix-one-function.patch")).unwrap();
    quietly(&tree, &mini_patch("module-string.patch")).unwrap();
}

/// A make of a few lines.
fn make_of<'a>(root: &Utf8Path, jobs: &'a Jobs, interrupt: &'a Interrupt) -> Make<'a> {
    Make {
        program: "make".to_owned(),
        source: root.to_owned(),
        output: root.to_owned(),
        jobs,
        variables: &[],
        environment: &[],
        interrupt,
        log: root.join("make.log"),
    }
}

#[test]
fn no_more_jobs_than_allowed() {
    let (_guard, root) = directory();
    // Each recipe counts those that run with it.
    let recipe = "\t@touch run.$@; ls run.* | wc -l >> counts; sleep 0.1; rm run.$@\n";
    let targets: Vec<String> = (0..12).map(|number| format!("t{number}")).collect();
    let names = targets.join(" ");
    let makefile = format!("all: sub\nsub:\n\t+@$(MAKE) {names}\n{names}:\n{recipe}");
    write(&root, &[("Makefile", makefile.as_str())]);
    let most = |jobs: &Jobs| -> usize {
        let _ = fs::remove_file(root.join("counts"));
        let interrupt = Interrupt::new();
        make_of(&root, jobs, &interrupt).run(&["all"], &mut |_| {}).unwrap();
        let counts = fs::read_to_string(root.join("counts")).unwrap();
        assert_eq!(counts.lines().count(), 12);
        counts.lines().map(|line| line.trim().parse().unwrap()).max().unwrap()
    };
    let jobs = Jobs::new(3).unwrap();
    let three = most(&jobs);
    assert!(three == 2 || three == 3, "{three}");
    // Tokens that we hold are not make's.
    let held = jobs.threads(3);
    assert_eq!((held.count(), most(&jobs)), (3, 1));
    drop(held);
    assert_eq!(most(&Jobs::new(1).unwrap()), 1);
    // And make gave back what it took.
    assert_eq!(jobs.threads(9).count(), 3);
}

#[test]
fn interrupt_ends_the_whole_group() {
    let (_guard, root) = directory();
    write(
        &root,
        &[("Makefile", "out:\n\t@touch $@; echo '  CC      x'; sleep 60; echo late > late\n")],
    );
    let (jobs, interrupt) = (Jobs::new(2).unwrap(), Interrupt::new());
    let begin = Instant::now();
    let result = make_of(&root, &jobs, &interrupt).run(&["out"], &mut |event| {
        if matches!(event, kbuild_glue::MakeEvent::Step { .. }) {
            interrupt.raise();
        }
    });
    assert!(matches!(result, Err(MakeError::Interrupted { killed: false })), "{result:?}");
    assert!(begin.elapsed() < Duration::from_secs(20));
    assert!(!root.join("out").exists(), "make did not clean up");
    assert!(matches!(
        make_of(&root, &jobs, &interrupt).run(&["out"], &mut |_| {}),
        Err(MakeError::Interrupted { .. })
    ));
}

#[test]
fn a_daemon_does_not_keep_us() {
    let (_guard, root) = directory();
    write(&root, &[("Makefile", "all:\n\t@sleep 30 &\n\t@echo '  LD      done'\n")]);
    let (jobs, interrupt) = (Jobs::new(1).unwrap(), Interrupt::new());
    let (begin, mut steps) = (Instant::now(), 0);
    make_of(&root, &jobs, &interrupt)
        .run(&["all"], &mut |event| {
            steps += u32::from(matches!(event, kbuild_glue::MakeEvent::Step { .. }));
        })
        .unwrap();
    assert!(begin.elapsed() < Duration::from_secs(20));
    assert_eq!(steps, 1);
}

#[test]
fn the_environment_of_a_make_above_stays_out() {
    let (_guard, root) = directory();
    write(
        &root,
        &[(
            "Makefile",
            "all:\n\t@echo level=$(MAKELEVEL) sub=$(sub_make_done) flags=$(MAKEFLAGS) lang=$$LC_ALL\n",
        )],
    );
    // Another process, so that its environment can be set.
    let test = std::env::current_exe().unwrap();
    let status = Command::new(test)
        .args(["--exact", "build::child_below_a_make", "--ignored"])
        .env("KLP_TEST_ROOT", &root)
        .env("MAKELEVEL", "3")
        .env("MAKEFLAGS", "k -j --jobserver-auth=888,999")
        .env("sub_make_done", "1")
        .output()
        .unwrap();
    assert!(status.status.success(), "{status:?}");
    let log = fs::read_to_string(root.join("make.log")).unwrap();
    assert!(log.contains("level=0 sub= flags="), "{log}");
    assert!(log.contains("lang=C") && !log.contains("888"), "{log}");
}

#[test]
#[ignore = "run by the_environment_of_a_make_above_stays_out"]
#[expect(clippy::disallowed_methods, reason = "the parent test hands its directory over")]
fn child_below_a_make() {
    let root = Utf8PathBuf::from(std::env::var("KLP_TEST_ROOT").unwrap());
    let jobs = Jobs::inherited(4).unwrap();
    // Descriptors that are not there: one job, and a note.
    assert_eq!(jobs.limit(), Some(1));
    assert!(jobs.note().unwrap().contains('+'));
    make_of(&root, &jobs, &Interrupt::new()).run(&["all"], &mut |_| {}).unwrap();
}
