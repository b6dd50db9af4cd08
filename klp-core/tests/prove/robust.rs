//! Damaged objects: the prover says something, and does not panic.

use klp_core::elf::ElfObject;
use klp_core::prove::prove;

use crate::claims;
use crate::compile::compile;

const SOURCE: &str = "
static const char *const names[] = { \"one\", \"two\", \"three\" };
static int count;
void use(const char *, int *);
int f(unsigned i) { if (i < 3) use(names[i], &count); return i * 3; }
int g(int x) { switch (x) { case 0: return 5; case 1: return f(2); case 2: return count; case 3: return 11; case 4: use(names[0], 0); } return 7; }
asm(\".pushsection __ex_table,\\\"a\\\"\\n .long f - ., g - ., 3\\n .popsection\");
asm(\".pushsection .altinstructions,\\\"a\\\"\\n .long f - ., g - .\\n .short 1, 0\\n .byte 3, 3\\n .popsection\");
";

#[test]
fn damaged_objects_are_compared_without_a_panic() {
    let whole = compile("gcc", "c", SOURCE, &[]);
    let original = ElfObject::parse(&whole).unwrap();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = |limit: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % limit as u64).unwrap()
    };
    for _ in 0..3000 {
        let mut damaged = whole.clone();
        for _ in 0..=random(4) {
            let at = random(damaged.len());
            if let Some(byte) = damaged.get_mut(at) {
                *byte = u8::try_from(random(256)).unwrap();
            }
        }
        let Ok(patched) = ElfObject::parse(&damaged) else { continue };
        let claims = claims::by_name(&original, &patched);
        let _ = prove(&original, &patched, &claims);
        let back = claims::by_name(&patched, &original);
        let _ = prove(&patched, &original, &back);
    }
}
