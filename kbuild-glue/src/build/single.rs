//! Objects that are made one by one, by their names.

use super::plan::Touched;
use super::{BuildError, BuildSettings, Workspace};
use crate::event::Events;

impl Workspace {
    /// Makes `touched` and nothing else.
    pub(super) fn make_objects(
        &self,
        touched: &Touched,
        settings: &BuildSettings<'_>,
        events: &mut Events<'_>,
    ) -> Result<(), BuildError> {
        let targets = touched.objects.iter().map(|object| object.as_str());
        let (nested, mut others): (Vec<&str>, Vec<&str>) =
            targets.partition(|path| is_nested(path));
        if touched.objects.is_empty() {
            // It comes before all objects, and makes the headers with offsets.
            others.push("prepare");
        }
        if !others.is_empty() {
            self.make("patched", &others, settings, events)?;
        }
        if !nested.is_empty() {
            self.make_one_by_one("patched", &nested, settings, events)?;
        }
        Ok(())
    }
}

/// Whether Kbuild comes to the object `path` from two directories: Makefiles of architectures add these to the top
/// although the architecture's own directory is there (`libs-y`, `drivers-y`). Asked for such an object alone, it
/// makes it for both, by the wrong command first, and side by side where it may.
fn is_nested(path: &str) -> bool {
    const NESTED: [&str; 5] = ["lib", "math-emu", "pci", "power", "video"];
    let mut parts = path.split('/');
    parts.next() == Some("arch") && parts.nth(1).is_some_and(|part| NESTED.contains(&part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_that_are_added_to_the_top() {
        assert!(is_nested("arch/x86/lib/delay.o") && is_nested("arch/x86/power/cpu.o"));
        assert!(!is_nested("arch/x86/kernel/cpu/bugs.o") && !is_nested("lib/cmdline.o"));
        assert!(!is_nested("arch/x86/kernel/lib/a.o"));
    }
}
