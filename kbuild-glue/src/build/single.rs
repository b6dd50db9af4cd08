//! Objects that are made one by one, by their names.

use std::collections::BTreeMap;

use super::plan::Touched;
use super::{BuildError, BuildSettings, Workspace, read};
use crate::event::BuildEvents;

impl Workspace {
    /// Makes `touched` and nothing else.
    pub(super) fn make_objects(
        &self,
        touched: &Touched,
        settings: &BuildSettings<'_>,
        events: &mut BuildEvents<'_>,
    ) -> Result<(), BuildError> {
        let mut others: Vec<&str> = Vec::new();
        let mut nested: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for object in &touched.objects {
            match nested_directory(object.as_str()) {
                Some(directory) => nested.entry(directory).or_default().push(object.as_str()),
                None => others.push(object.as_str()),
            }
        }
        if !others.is_empty() {
            self.make("patched", &others, settings, events)?;
        }
        let makefile = read(&self.mirror_path().join("Makefile"))?;
        let is_known = memchr::memmem::find(&makefile, b"\nsingle-goals := ").is_some();
        for (directory, objects) in nested {
            if is_known {
                // The last `obj=` on the command line of Kbuild's own make counts.
                let goals = format!("single-goals=obj={directory} {}", objects.join(" "));
                self.make_with("patched", &objects, Some(goals), settings, events)?;
            } else {
                self.make_one_by_one("patched", &objects, settings, events)?;
            }
        }
        Ok(())
    }
}

/// The directory of the object `path`, if Makefiles of architectures add it to the top although the architecture's own
/// directory is there (`libs-y`, `drivers-y`). Asked for such an object alone, Kbuild comes to it from both, makes it for
/// both, by the wrong command first, and side by side where it may.
fn nested_directory(path: &str) -> Option<&str> {
    const NESTED: [&str; 5] = ["lib", "math-emu", "pci", "power", "video"];
    let mut ends = path.match_indices('/').map(|(at, _)| at);
    let (architecture, end) = (ends.nth(1)?, ends.next()?);
    let name = path.get(architecture..end)?.trim_start_matches('/');
    (path.starts_with("arch/") && NESTED.contains(&name)).then(|| path.get(..end)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_that_are_added_to_the_top() {
        assert_eq!(nested_directory("arch/x86/lib/delay.o"), Some("arch/x86/lib"));
        assert_eq!(nested_directory("arch/x86/pci/a/b.o"), Some("arch/x86/pci"));
        for path in ["arch/x86/kernel/cpu/bugs.o", "lib/cmdline.o", "arch/x86/kernel/lib/a.o"] {
            assert_eq!(nested_directory(path), None);
        }
    }
}
