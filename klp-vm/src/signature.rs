//! Modules that a kernel refuses for their signature, or because they have none.

/// What the kernel says (kernel/module/signing.c and security/lockdown/lockdown.c of Linux 6.1), and the way out.
const REFUSALS: &[(&str, &str)] = &[
    ("unsigned module loading is restricted", UNSIGNED),
    ("Loading of unsigned module is rejected", UNSIGNED),
    (
        "Loading of module with unavailable key is rejected",
        "the module is signed with a key that this kernel does not know: sign with the one that it was built with, or let \
         the firmware or `mokutil --import` tell it the certificate",
    ),
    (
        "Loading of module with unsupported crypto is rejected",
        "the kernel has no code for the hash or the kind of key that the module is signed with",
    ),
];

const UNSIGNED: &str = "this kernel takes signed modules only: make the livepatch with --sign-key and --sign-cert, and a key \
                        that the kernel knows";

/// What a person can do about the refusal of a module in `output`, where that is for its signature.
pub(crate) fn advice(output: &str) -> Option<&'static str> {
    REFUSALS.iter().find(|(words, _)| output.contains(words)).map(|(_, advice)| *advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Debian's 6.1 says it.
    #[test]
    fn two_refusals_with_the_same_words_of_insmod() {
        let insmod = "insmod: can't insert '/klp/0.ko': Key was rejected by service\n";
        let unsigned = format!("{insmod}[    2.0] Loading of unsigned module is rejected\n");
        let unknown =
            format!("{insmod}[    3.7] Loading of module with unavailable key is rejected\n");
        assert!(advice(&unsigned).is_some_and(|text| text.contains("--sign-key")));
        assert!(advice(&unknown).is_some_and(|text| text.contains("mokutil")));
        let lockdown =
            "Lockdown: insmod: unsigned module loading is restricted; see man kernel_lockdown.7";
        assert_eq!(advice(lockdown), advice(&unsigned));
        assert_eq!(advice(insmod), None);
    }
}
