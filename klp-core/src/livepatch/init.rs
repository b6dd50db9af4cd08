//! The C source that enables a livepatch, over the kernel's public interface
//! (`include/linux/livepatch.h`, the same from Linux 5.1 to 7.2).

use std::fmt::Write;

use super::{PatchedObject, TableEntry, UnlinkedLivepatch, functions_symbol};

/// The kernel unloads no module that has no exit function (`delete_module` in kernel/module/main.c).
const EXIT: &str = "\
static void __exit livepatch_exit(void)
{
}

module_exit(livepatch_exit);
";

const END: &str = "\
module_init(livepatch_init);
MODULE_LICENSE(\"GPL\");
MODULE_DESCRIPTION(\"Livepatch\");
MODULE_INFO(livepatch, \"Y\");
";

impl UnlinkedLivepatch {
    /// The source to link with the parts. With `replace` it takes the place of all livepatches before.
    #[must_use]
    pub fn init_source(&self, replace: bool) -> String {
        let tables: Vec<String> = (0..self.parts.len())
            .map(|part| format!("extern void *{}[];\n", functions_symbol(part)))
            .collect();
        let tables = tables.concat();
        let named = || self.objects.iter().enumerate();
        let functions: String =
            named().map(|(number, (_, object))| table(number, object)).collect();
        let objects: String = named().map(|(number, (name, _))| entry(number, name)).collect();
        let assignments: String =
            named().map(|(number, (_, object))| pointers(number, object)).collect();
        let exit = if self.stays.is_empty() {
            EXIT.to_owned()
        } else {
            let why: Vec<&str> = self.stays.iter().map(String::as_str).collect();
            format!("MODULE_INFO(livepatch_stays, {:?});\n", why.join(" "))
        };
        format!(
            "// SPDX-License-Identifier: GPL-2.0\n\
             #include <linux/module.h>\n#include <linux/livepatch.h>\n\n{tables}{functions}\n\
             static struct klp_object objects[] = {{\n{objects}\t{{ }}\n}};\n\n\
             static struct klp_patch patch = {{\n\t.mod = THIS_MODULE,\n\t.objs = objects,\n\
             \t.replace = {replace},\n}};\n\n\
             static int __init livepatch_init(void)\n{{\n{assignments}\
             \treturn klp_enable_patch(&patch);\n}}\n\n{exit}{END}"
        )
    }
}

fn table(number: usize, object: &PatchedObject) -> String {
    let mut text = format!("\nstatic struct klp_func functions_{number}[] = {{\n");
    for function in &object.functions {
        let (name, position) = (&function.name, function.position);
        // Writing to a string cannot fail.
        let _ = writeln!(text, "\t{{ .old_name = \"{name}\", .old_sympos = {position} }},");
    }
    text.push_str("\t{ }\n};\n");
    text
}

fn entry(number: usize, name: &str) -> String {
    let name = match name {
        "vmlinux" => String::new(),
        module => format!(".name = \"{module}\", "),
    };
    format!("\t{{ {name}.funcs = functions_{number} }},\n")
}

fn pointers(number: usize, object: &PatchedObject) -> String {
    let functions = object.functions.iter().enumerate().map(|(index, function)| {
        let new = pointer(function.function);
        format!("\tfunctions_{number}[{index}].new_func = {new};\n")
    });
    let callbacks = object.callbacks.iter().map(|(kind, function)| {
        let (field, new) = (kind.field(), pointer(*function));
        format!("\tobjects[{number}].callbacks.{field} = {new};\n")
    });
    functions.chain(callbacks).collect()
}

/// An entry of a part's table, in C.
fn pointer(TableEntry { part, entry }: TableEntry) -> String {
    format!("{}[{entry}]", functions_symbol(part))
}

#[cfg(test)]
mod tests {
    use super::super::{CallbackKind, ModulePart, Replaced};
    use super::*;

    #[test]
    fn each_function_gets_its_own_pointer() {
        let mut livepatch = UnlinkedLivepatch::default();
        let part = ModulePart { object: "a.o".into(), bytes: Vec::new() };
        livepatch.parts = vec![part.clone(), part];
        let slot = |part, entry| TableEntry { part, entry };
        let show = |function| Replaced { name: "show".into(), position: 2, function };
        let module = PatchedObject {
            functions: vec![show(slot(1, 0))],
            callbacks: vec![(CallbackKind::PrePatch, slot(1, 1))],
        };
        livepatch.objects.insert("ext4".into(), module);
        let kernel = PatchedObject { functions: vec![show(slot(0, 0))], callbacks: Vec::new() };
        livepatch.objects.insert("vmlinux".into(), kernel);
        let source = livepatch.init_source(true);
        for line in [
            "extern void *klp_new_functions_1[];",
            "{ .old_name = \"show\", .old_sympos = 2 },",
            "{ .name = \"ext4\", .funcs = functions_0 },",
            "{ .funcs = functions_1 },",
            "functions_0[0].new_func = klp_new_functions_1[0];",
            "functions_1[0].new_func = klp_new_functions_0[0];",
            "objects[0].callbacks.pre_patch = klp_new_functions_1[1];",
            ".replace = true,",
        ] {
            assert!(source.contains(line), "{line} is missing in\n{source}");
        }
        assert!(source.contains("module_exit(livepatch_exit);"));
        assert!(livepatch.init_source(false).contains(".replace = false,"));
    }

    #[test]
    fn what_stays_has_no_exit() {
        let stays = ["_RNvC1a1f".to_owned()].into();
        let source = UnlinkedLivepatch { stays, ..UnlinkedLivepatch::default() }.init_source(true);
        assert!(!source.contains("livepatch_exit"), "{source}");
        assert!(source.contains("MODULE_INFO(livepatch_stays, \"_RNvC1a1f\");"), "{source}");
    }
}
