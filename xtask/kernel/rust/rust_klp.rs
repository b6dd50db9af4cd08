// SPDX-License-Identifier: GPL-2.0

//! A device whose messages tell which version of its functions runs: livepatches change them.

use kernel::{
    fs::{File, Kiocb},
    iov::{IovIterDest, IovIterSource},
    miscdevice::{MiscDevice, MiscDeviceOptions, MiscDeviceRegistration},
    new_mutex, pr_info_once,
    prelude::*,
    sync::atomic::{Atomic, Relaxed},
    sync::Mutex,
};

module! {
    type: RustKlp,
    name: "rust_klp",
    authors: ["cargo-klp"],
    description: "What livepatches change",
    license: "GPL",
}

/// Writes so far, of all who have the device open.
static WRITES: Atomic<u64> = Atomic::new(0);

/// By the first byte written, modulo its length.
const WEIGHTS: [u32; 6] = [3, 1, 4, 1, 5, 9];

/// What answers a write.
trait Answer {
    fn number(&self, byte: u8) -> u32;
    fn name(&self) -> &'static str;
}

struct Plain(u32);

struct Weighted {
    bias: u32,
    weights: &'static [u32],
}

impl Answer for Plain {
    #[inline(never)]
    fn number(&self, byte: u8) -> u32 {
        self.0 + u32::from(byte)
    }

    #[inline(never)]
    fn name(&self) -> &'static str {
        "plain"
    }
}

impl Answer for Weighted {
    #[inline(never)]
    fn number(&self, byte: u8) -> u32 {
        self.bias + self.weights[usize::from(byte) % self.weights.len()]
    }

    #[inline(never)]
    fn name(&self) -> &'static str {
        "weighted"
    }
}

/// One of several, which only running code knows.
#[inline(never)]
fn answer(byte: u8) -> Result<KBox<dyn Answer>> {
    if byte.is_ascii_digit() {
        let plain: KBox<dyn Answer> = KBox::new(Plain(100), GFP_KERNEL)?;
        Ok(plain)
    } else {
        let weighted: KBox<dyn Answer> =
            KBox::new(Weighted { bias: 10, weights: &WEIGHTS }, GFP_KERNEL)?;
        Ok(weighted)
    }
}

/// Counts what a closure says.
#[inline(never)]
fn count(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| byte.is_ascii_lowercase()).count()
}

/// A panic would name the place of who called.
#[track_caller]
#[inline(never)]
fn place() -> u32 {
    core::panic::Location::caller().line()
}

/// Says something once.
#[inline(never)]
fn once(what: &str) {
    pr_info_once!("once: {what}\n");
}

/// Something that says when it goes.
struct Guard(u32);

impl Drop for Guard {
    #[inline(never)]
    fn drop(&mut self) {
        pr_info!("guard {} goes\n", self.0);
    }
}

#[pin_data]
struct RustKlp {
    #[pin]
    _miscdev: MiscDeviceRegistration<KlpDevice>,
}

impl kernel::InPlaceModule for RustKlp {
    fn init(_module: &'static ThisModule) -> impl PinInit<Self, Error> {
        let options = MiscDeviceOptions { name: c"rust-klp" };
        try_pin_init!(Self { _miscdev <- MiscDeviceRegistration::register(options) })
    }
}

#[pin_data]
struct KlpDevice {
    #[pin]
    text: Mutex<KVVec<u8>>,
}

#[vtable]
impl MiscDevice for KlpDevice {
    type Ptr = Pin<KBox<Self>>;

    fn open(_file: &File, _misc: &MiscDeviceRegistration<Self>) -> Result<Pin<KBox<Self>>> {
        pr_info!("open: original\n");
        KBox::try_pin_init(try_pin_init!(KlpDevice { text <- new_mutex!(KVVec::new()) }), GFP_KERNEL)
    }

    fn read_iter(mut kiocb: Kiocb<'_, Self::Ptr>, iov: &mut IovIterDest<'_>) -> Result<usize> {
        let me = kiocb.file();
        let text = me.text.lock();
        let read = iov.simple_read_from_buffer(kiocb.ki_pos_mut(), &text)?;
        Ok(read)
    }

    fn write_iter(mut kiocb: Kiocb<'_, Self::Ptr>, iov: &mut IovIterSource<'_>) -> Result<usize> {
        let me = kiocb.file();
        let mut text = me.text.lock();
        text.clear();
        let len = iov.copy_from_iter_vec(&mut text, GFP_KERNEL)?;
        let writes = WRITES.fetch_add(1, Relaxed) + 1;
        let first = text.first().copied().unwrap_or(0);
        let answer = answer(first)?;
        let _guard = Guard(answer.number(first));
        pr_info!(
            "write {}: {} answers {}, {} small letters, line {}\n",
            writes,
            answer.name(),
            answer.number(first),
            count(&text),
            place()
        );
        once("original");
        *kiocb.ki_pos_mut() = 0;
        Ok(len)
    }
}
