//! The saved command of an object, to be run again in another way.

use camino::Utf8Path;

use crate::cmd_file::SavedCommand;

use super::ModuleError;

/// Each function and each variable in a section of its own, so that none can be taken for another; and
/// debug information, which tells the layout of types.
const FLAGS: &str = "-ffunction-sections -fdata-sections -gdwarf-5 -gz=none";

const OBJTOOL: &str = "./tools/objtool/objtool ";

/// The command that compiles the object to `output`, with sections and without objtool. Where directories of
/// headers are in `overlay` as well, those there come first.
pub(super) fn compile(
    saved: &SavedCommand,
    output: &Utf8Path,
    overlay: Option<&Utf8Path>,
) -> Result<String, ModuleError> {
    let target = saved.target.as_str();
    let not_from_c = || ModuleError::NotFromC { object: saved.target.clone() };
    if saved.source.as_ref().is_none_or(|source| source.extension() != Some("c")) {
        return Err(not_from_c());
    }
    // What follows works on the finished object: objtool, or a link.
    let compiler = saved.command.split(" ; ").next().unwrap_or_default();
    let (before, after) =
        compiler.split_once(&format!(" -c -o {target} ")).ok_or_else(not_from_c)?;
    let kept = before.split(' ').filter(|word| !word.starts_with("-Wp,-MMD,"));
    let before: Vec<String> = kept
        .flat_map(|word| {
            let directory = word
                .strip_prefix("-I")
                .zip(overlay)
                .map(|(path, root)| root.join(path.strip_prefix("./").unwrap_or(path)));
            let own = directory.filter(|path| path.is_dir()).map(|path| format!("-I'{path}'"));
            own.into_iter().chain([word.to_owned()])
        })
        .collect();
    Ok(format!("{} {FLAGS} -c -o '{output}' {after}", before.join(" ")))
}

/// The command that runs objtool on `part` as it ran on the object; none where it did not, or only on what
/// was linked (`--link`): there Kbuild runs it on the module as well.
pub(super) fn objtool(saved: &SavedCommand, part: &Utf8Path) -> Option<String> {
    let command =
        saved.command.split(" ; ").find_map(|command| command.trim().strip_prefix(OBJTOOL))?;
    let options = command.trim().strip_suffix(saved.target.as_str())?.trim();
    let has = |option: &str| options.split(' ').any(|word| word == option);
    if has("--link") {
        return None;
    }
    let module = if has("--module") { "" } else { " --module" };
    Some(format!("{OBJTOOL}{options}{module} '{part}'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saved(command: &str) -> SavedCommand {
        let text = format!("savedcmd_fs/a.o := {command}\n\nsource_fs/a.o := /src/fs/a.c\n");
        SavedCommand::parse(text.as_bytes()).unwrap().unwrap()
    }

    #[test]
    fn the_object_is_compiled_to_another_place() {
        let saved = saved(
            "gcc -Wp,-MMD,fs/.a.o.d -O2 -DX='\"a b\"' -c -o fs/a.o /src/fs/a.c   ; \
             ./tools/objtool/objtool --orc --static-call   fs/a.o",
        );
        let output = Utf8Path::new("/k/fs/a.o");
        assert_eq!(
            compile(&saved, output, None).unwrap(),
            "gcc -O2 -DX='\"a b\"' -ffunction-sections -fdata-sections -gdwarf-5 -gz=none -c -o '/k/fs/a.o' \
             /src/fs/a.c  "
        );
        assert_eq!(
            objtool(&saved, output).unwrap(),
            "./tools/objtool/objtool --orc --static-call --module '/k/fs/a.o'"
        );
    }

    #[test]
    fn headers_that_were_made_anew_come_first() {
        let directory = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(directory.path()).unwrap();
        fs_err::create_dir_all(root.join("include/generated")).unwrap();
        let saved = saved("gcc -I./arch -I./include -I/src/include -c -o fs/a.o /src/fs/a.c");
        let command = compile(&saved, Utf8Path::new("/k/a.o"), Some(root)).unwrap();
        let words = format!("-I./arch -I'{root}/include' -I./include -I/src/include ");
        assert!(command.contains(&words), "{command}");
    }

    #[test]
    fn objtool_on_what_was_linked_is_the_modules_link() {
        let saved = saved(
            "ld.lld-19 -r -o fs/a.o @fs/a.mod  ; ./tools/objtool/objtool --orc  --link  --module fs/a.o",
        );
        assert_eq!(objtool(&saved, Utf8Path::new("b.o")), None);
    }

    #[test]
    fn only_c_is_compiled_again() {
        let text = "savedcmd_a.o := gcc -c -o a.o /src/a.S\n\nsource_a.o := /src/a.S\n";
        let saved = SavedCommand::parse(text.as_bytes()).unwrap().unwrap();
        assert!(matches!(
            compile(&saved, Utf8Path::new("b.o"), None),
            Err(ModuleError::NotFromC { .. })
        ));
        assert_eq!(objtool(&saved, Utf8Path::new("b.o")), None);
    }
}
