//! The saved command of an object, to be run again in another way.

mod c;
mod rust;

use camino::Utf8Path;

use crate::cmd_file::SavedCommand;
use crate::shell::{self, quoted};

use super::ModuleError;

const OBJTOOL: &str = "tools/objtool/objtool";

/// How an object is compiled again, as text for a shell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Recompile {
    /// Compiles it, each function and each variable in a section of its own, without objtool.
    pub(crate) code: String,
    /// Compiles it to another file with debug information, which tells the layout of types, where the code has
    /// to be made without.
    pub(crate) types: Option<String>,
}

/// The commands that compile the object to `output`, and with its types to `types` where that takes another file.
/// What is in `overlay` as well, of directories with headers or with metadata of crates, comes first.
pub(crate) fn compile(
    saved: &SavedCommand,
    output: &Utf8Path,
    types: &Utf8Path,
    overlay: Option<&Utf8Path>,
) -> Result<Recompile, ModuleError> {
    match saved.source.as_ref().and_then(|source| source.extension()) {
        Some("c") => Ok(Recompile { code: c::compile(saved, output, overlay, true)?, types: None }),
        Some("rs") => Ok(Recompile {
            code: rust::compile(saved, output, overlay, rust::Purpose::Code)?,
            types: Some(rust::compile(saved, types, overlay, rust::Purpose::Types)?),
        }),
        _ => Err(ModuleError::NotCompiled { object: saved.target.clone() }),
    }
}

/// The command that compiles the object to `output` as it was, and with debug information. What objtool did to it is
/// done again.
pub(super) fn compile_with_lines(
    saved: &SavedCommand,
    output: &Utf8Path,
    overlay: Option<&Utf8Path>,
) -> Result<String, ModuleError> {
    let code = match saved.source.as_ref().and_then(|source| source.extension()) {
        Some("c") => c::compile(saved, output, overlay, false)?,
        Some("rs") => rust::compile(saved, output, overlay, rust::Purpose::Lines)?,
        _ => return Err(ModuleError::NotCompiled { object: saved.target.clone() }),
    };
    let again = shell::commands(&saved.command).into_iter().filter_map(Result::ok);
    let again = again.filter_map(|mut words| {
        let is_objtool = words.first().is_some_and(|it| is_objtool(it));
        let is_own = words.last().is_some_and(|last| *last == saved.target.as_str());
        *words.last_mut().filter(|_| is_objtool && is_own)? = output.to_string();
        Some(quoted(&words))
    });
    Ok(std::iter::once(code).chain(again).collect::<Vec<String>>().join(" && "))
}

/// The command that runs objtool on `part` as it ran on the object; none where it did not, or only on what
/// was linked (`--link`): there Kbuild runs it on the module as well.
pub(super) fn objtool(saved: &SavedCommand, part: &Utf8Path) -> Option<String> {
    let commands = shell::commands(&saved.command).into_iter().filter_map(Result::ok);
    let mut words =
        commands.into_iter().find(|words| words.first().is_some_and(|it| is_objtool(it)))?;
    if words.pop()? != saved.target.as_str() || words.iter().any(|word| word == "--link") {
        return None;
    }
    if !words.iter().any(|word| word == "--module") {
        words.push("--module".to_owned());
    }
    words.push(part.to_string());
    Some(quoted(&words))
}

fn is_objtool(program: &str) -> bool {
    program.ends_with(OBJTOOL)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saved(command: &str, source: &str) -> SavedCommand {
        let text = format!("savedcmd_fs/a.o := {command}\n\nsource_fs/a.o := {source}\n");
        SavedCommand::parse(text.as_bytes()).unwrap().unwrap()
    }

    fn compiled(saved: &SavedCommand, overlay: Option<&Utf8Path>) -> Recompile {
        compile(saved, "/k/fs/a.o".into(), "/k/fs/a.types.o".into(), overlay).unwrap()
    }

    #[test]
    fn the_object_is_compiled_to_another_place() {
        let saved = saved(
            "gcc -Wp,-MMD,fs/.a.o.d -O2 -DX='\"a b\"' -c -o fs/a.o /src/fs/a.c   ; \
             ./tools/objtool/objtool --orc --static-call   fs/a.o",
            "/src/fs/a.c",
        );
        let again = compiled(&saved, None);
        assert_eq!(
            again.code,
            "gcc -O2 '-DX=\"a b\"' -ffunction-sections -fdata-sections -gdwarf-5 -gz=none -c -o /k/fs/a.o \
             /src/fs/a.c"
        );
        assert_eq!(again.types, None);
        assert_eq!(
            objtool(&saved, "/k/fs/a.o".into()).unwrap(),
            "./tools/objtool/objtool --orc --static-call --module /k/fs/a.o"
        );
    }

    #[test]
    fn an_object_of_a_kernel_with_lto_becomes_code() {
        let saved = saved("clang -flto=thin -O2 -c -o fs/a.o /src/fs/a.c", "/src/fs/a.c");
        assert_eq!(
            compiled(&saved, None).code,
            "clang -flto=thin -O2 -fno-lto -ffunction-sections -fdata-sections -gdwarf-5 -gz=none -c -o /k/fs/a.o \
             /src/fs/a.c"
        );
    }

    #[test]
    fn headers_that_were_made_anew_come_first() {
        let directory = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(directory.path()).unwrap();
        fs_err::create_dir_all(root.join("include/generated")).unwrap();
        let command = "gcc -I./arch -I./include -I/src/include -c -o fs/a.o /src/fs/a.c";
        let command = compiled(&saved(command, "/src/fs/a.c"), Some(root)).code;
        let words = format!("-I./arch -I{root}/include -I./include -I/src/include ");
        assert!(command.contains(&words), "{command}");
    }

    #[test]
    fn objtool_on_what_was_linked_is_the_modules_link() {
        let saved = saved(
            "ld.lld-19 -r -o fs/a.o @fs/a.mod  ; ./tools/objtool/objtool --orc  --link  --module fs/a.o",
            "",
        );
        assert_eq!(objtool(&saved, Utf8Path::new("b.o")), None);
    }

    const RUST: &str = "OBJTREE=/k/build RUST_MODFILE=fs/a rustc --edition=2021 -Zfunction-sections=n -Cdebuginfo=1 \
        @./include/generated/rustc_cfg -Zallow-features=asm_goto -Zcrate-attr='feature(asm_goto)' -Zunstable-options \
        --extern kernel --crate-type rlib -L ./rust/ --sysroot=/dev/null --out-dir fs/ \
        --emit=dep-info=fs/.a.o.d --emit=obj=fs/a.o /src/fs/a.rs";

    #[test]
    fn rust_is_compiled_with_sections_as_it_was_and_its_types_beside() {
        let saved =
            saved(&format!("{RUST}  ; ./tools/objtool/objtool --orc fs/a.o"), "/src/fs/a.rs");
        let again = compiled(&saved, None);
        assert_eq!(
            again.code,
            "RUSTC_BOOTSTRAP=1 OBJTREE=/k/build RUST_MODFILE=fs/a rustc --edition=2021 -Cdebuginfo=1 \
             @./include/generated/rustc_cfg -Zallow-features=asm_goto '-Zcrate-attr=feature(asm_goto)' \
             -Zunstable-options --extern kernel --crate-type rlib -L ./rust/ --sysroot=/dev/null --out-dir /k/fs \
             --emit=obj=/k/fs/a.o /src/fs/a.rs -Zfunction-sections=y"
        );
        let types = again.types.unwrap();
        assert!(types.contains("--emit=obj=/k/fs/a.types.o "), "{types}");
        assert!(types.ends_with(" -Zfunction-sections=y -Cdebuginfo=2"), "{types}");
        assert!(!types.contains("debuginfo=1"), "{types}");
    }

    #[test]
    fn crates_are_compiled_with_the_metadata_of_the_patched_build() {
        let directory = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(directory.path()).unwrap();
        let saved = saved(RUST, "/src/fs/a.rs");
        assert!(compiled(&saved, Some(root)).code.contains("-L ./rust/ "));
        fs_err::create_dir_all(root.join("rust")).unwrap();
        fs_err::write(root.join("rust/libcore.rmeta"), "").unwrap();
        let command = compiled(&saved, Some(root)).code;
        assert!(command.contains(&format!("-L {root}/rust ")), "{command}");
        assert!(command.contains(&format!("OBJTREE={root} ")), "{command}");
    }

    #[test]
    fn steps_behind_rustc_are_done_again() {
        let text = RUST.replace("--emit=obj=fs/a.o", "--emit=llvm-bc=fs/a.bc");
        let text = format!(
            "{text} ;llvm-link --internalize --suppress-warnings fs/a.bc ./rust/helpers/helpers.bc -o fs/a.m.bc; \
             clang -O2 -c fs/a.m.bc -o fs/a.o ;llvm-objcopy --redefine-sym a=b fs/a.o"
        );
        let command = compiled(&saved(&text, "/src/fs/a.rs"), None).code;
        for part in [
            "--emit=llvm-bc=/k/fs/a.bc ",
            " && llvm-link --internalize --suppress-warnings /k/fs/a.bc ./rust/helpers/helpers.bc -o /k/fs/a.m.bc",
            " && clang -O2 -c /k/fs/a.m.bc -o /k/fs/a.o -ffunction-sections -fdata-sections",
            " && llvm-objcopy --redefine-sym a=b /k/fs/a.o",
        ] {
            assert!(command.contains(part), "{part} is missing in {command}");
        }
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let refused = |command: &str, source: &str| {
            compile(&saved(command, source), "b.o".into(), "t.o".into(), None)
                .unwrap_err()
                .to_string()
        };
        assert!(
            refused("gcc -c -o fs/a.o /src/a.S", "/src/a.S")
                .contains("neither from C nor from Rust")
        );
        assert!(refused("gcc -c /src/a.c", "/src/a.c").contains("cannot be compiled again"));
        assert!(refused(&format!("{RUST} ; mv x fs/a.o"), "/src/a.rs").contains("`mv`"));
        assert!(refused(&format!("{RUST} ; a | b"), "/src/a.rs").contains("more than"));
        assert!(refused("rustc --emit=asm=fs/a.s a.rs", "/src/a.rs").contains("--emit"));
        assert!(refused("rustc a.rs", "/src/a.rs").contains("--emit"));
        assert_eq!(objtool(&saved("gcc -c -o fs/a.o /src/a.S", "/src/a.S"), "b.o".into()), None);
    }
}
