// One instance of a generic function.
//#changed: input::scale::<input::Second> instruction
#![no_std]
pub trait Factor { const FACTOR: u32; }
pub struct First;
pub struct Second;
impl Factor for First { const FACTOR: u32 = 7; }
#[cfg(patched)]
impl Factor for Second { const FACTOR: u32 = 3; }
#[cfg(not(patched))]
impl Factor for Second { const FACTOR: u32 = 5; }
#[inline(never)]
fn scale<F: Factor>(x: u32) -> u32 { x.rotate_left(3) * F::FACTOR }
#[no_mangle]
pub fn work(x: u32) -> u32 { scale::<First>(x) + scale::<Second>(x) }
