// An entry that nobody refers to moves to another level of initcalls.
//#data: input::__INIT causes=section
#![no_std]
extern "C" fn start() -> i32 {
    3
}
#[used]
#[cfg_attr(patched, link_section = ".initcall7.init")]
#[cfg_attr(not(patched), link_section = ".initcall6.init")]
static __INIT: extern "C" fn() -> i32 = start;
