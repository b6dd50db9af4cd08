//! Files that are read without a word in any record: by a pattern rule, by a script, by a directive whose file name is put
//! together from pieces.

use anyhow::{Result, ensure};
use klp_tests::kernel::Kernel;
use klp_tests::klp::run;
use klp_tests::report::Report;

use crate::readers::{append, expect, patch};

const RULES: &str = "
includes += -Ilib
cmd_gen = @mkdir -p lib; sed 's/^/\\#define GEN_COUNT /' $< > $@
lib/gpat.o: lib/pat-gen.h
lib/gboth.o: lib/both-gen.h
lib/gdoc.o: lib/doc-gen.h
lib/gscript.o: lib/script-gen.h
lib/%-gen.h: $(src)lib/%-list.h
\t$(cmd_gen)
docs-in := Documentation/lib
lib/%-gen.h: $(src)$(docs-in)/%-list.txt
\t$(cmd_gen)
lib/script-gen.h: FORCE
\t@mkdir -p lib; sh $(srctree)/scripts/gen.sh $(srctree) > $@.tmp; cmp -s $@.tmp $@ || cp $@.tmp $@
";

#[test]
fn what_rules_and_scripts_read() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let source = |path: &str| kernel.source.join(path);
    let rules = source("scripts/Makefile.rules");
    let text = fs_err::read_to_string(&rules)?;
    fs_err::write(&rules, text + RULES)?;
    let script = "sed 's/^/#define GEN_COUNT /' $1/lib/script-list.h\n";
    fs_err::write(source("scripts/gen.sh"), script)?;
    fs_err::create_dir_all(source("Documentation/lib"))?;
    let makefile = source("lib/Makefile");
    let lists = [
        ("pat", "lib/pat-list.h"),
        ("both", "lib/both-list.h"),
        ("script", "lib/script-list.h"),
        ("doc", "Documentation/lib/doc-list.txt"),
    ];
    for (name, list) in lists {
        fs_err::write(source(list), "10\n")?;
        let text = format!(
            "#include \"{name}-gen.h\"\nint {name}_count(void);\nint {name}_count(void) {{ return GEN_COUNT; }}\n"
        );
        fs_err::write(source(&format!("lib/g{name}.c")), text)?;
        let text = fs_err::read_to_string(&makefile)?;
        fs_err::write(&makefile, format!("{text}obj-y += g{name}.o\n"))?;
    }
    // A compiler's record has this one, too.
    let both = "#undef NEVER\n#ifdef NEVER\n#include \"both-list.h\"\n#endif\n#if __has_include(\"both-list.h\")\n#endif";
    append(&kernel, "fs/proc.c", both, "other", "1")?;
    for (name, list) in lists {
        expect(&kernel, &patch(&kernel, list, "20\n")?, &[&format!("{name}_count")])?;
    }
    Ok(())
}

/// C that takes in a file, whose name is `name` in the macro language.
fn taking_in(symbol: &str, name: &str) -> String {
    format!(
        "#define DIR \"lib/\"\n#define XSTR(x) STR(x)\n#define STR(x) #x\n\
         asm(\".section .rodata\\n.globl {symbol}\\n.type {symbol}, @object\\n{symbol}: .incbin \\\"\" {name}\\\"\\n\
         .size {symbol}, . - {symbol}\\n.previous\");\n"
    )
}

#[test]
fn names_in_pieces() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let makefile = kernel.source.join("lib/Makefile");
    let text = fs_err::read_to_string(&makefile)?;
    let flags = ["strings", "macros"]
        .map(|name| format!("CFLAGS_{name}.o := -DSRC=\\\"$(srctree)/\\\"\nobj-y += {name}.o\n"));
    let option = "obj-y += option.o\nfile := data3\nCFLAGS_option.o := -DDATA=\\\"$(srctree)/lib/$(file).h\\\"\n";
    fs_err::write(&makefile, text + &flags.concat() + option)?;
    let write = |path: &str, text: &str| fs_err::write(kernel.source.join("lib").join(path), text);
    write("strings.c", &taking_in("blob1", "SRC DIR \"data1\" \".txt"))?;
    write("macros.c", &taking_in("blob2", "SRC \"lib/\" XSTR(data2) \".h"))?;
    write(
        "option.S",
        "\t.section .rodata\n\t.globl blob3\n\t.type blob3, @object\nblob3:\n\t.incbin DATA\n\
         \t.size blob3, . - blob3\n\t.section .note.GNU-stack, \"\", @progbits\n",
    )?;
    let files = [("data1.txt", "blob1"), ("data2.h", "blob2"), ("data3.h", "blob3")];
    for (file, _) in files {
        write(file, "hello\n")?;
    }
    for (file, blob) in files {
        let patch = patch(&kernel, &format!("lib/{file}"), "hellO\n")?;
        let outcome = run(kernel.build(["--no-module"])?.arg(&patch))?.expect(4)?;
        ensure!(outcome.stdout.contains(&format!("\"name\":\"{blob}\"")), "{file}: {outcome:?}");
    }
    // Edits of the user's between two runs.
    for (file, _) in files {
        write(file, "HELLO\n")?;
    }
    let source = fs_err::read_to_string(kernel.source.join("lib/strings.c"))?;
    let comment = patch(&kernel, "lib/strings.c", &format!("{source}/* nothing */\n"))?;
    let outcome = run(kernel.build(["--no-module"])?.arg(&comment))?.expect(3)?;
    assert_eq!(Report::lines(&outcome.stdout)?.functions, []);
    Ok(())
}
