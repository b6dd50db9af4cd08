// A table of Rust is given away after the start.
//#data: input::TABLE read-by=get causes=section
#![no_std]
#[cfg_attr(patched, link_section = ".init.rodata")]
#[cfg_attr(not(patched), link_section = ".rodata")]
static TABLE: [u32; 6] = [11, 2, 33, 4, 55, 7];
#[no_mangle]
pub fn get(index: usize) -> u32 {
    *TABLE.get(index).unwrap_or(&0)
}
