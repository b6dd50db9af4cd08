# What the guest does in each stage: it uses the devices of rust_klp and rust_misc_device, and reads what binder and
# /proc/meminfo say. `cargo xtask rust` looks for lines of this output.
dmesg -c >/dev/null 2>&1
for text in abc 1bc fgh 'a!!!!'; do echo "$text" >/dev/rust-klp || echo "cannot write $text"; done
echo ab >/dev/rust-klp && echo "three bytes are written" || echo "three bytes are refused"
printf 1234567 >/dev/rust-misc-device
printf abc >/dev/rust-misc-device && echo "misc: three bytes are written" || echo "misc: three bytes are refused"
mkdir -p /tmp/binder
mount -t binder -o stats=global binder /tmp/binder && {
	head -n 1 /tmp/binder/binder_logs/stats
	umount /tmp/binder
}
head -n 1 /proc/meminfo
(printf '!' >/dev/rust-klp)
dmesg | sed 's/^\[[^]]*\] //' | grep rust
