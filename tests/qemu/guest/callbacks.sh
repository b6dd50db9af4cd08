# before: ttyS0
# after: klp-console ttyS0
# after: klp-callback pre-patch vmlinux
# after: klp-callback post-patch
# unloaded: ttyS0
# unloaded: klp-callback pre-patch vmlinux
# unloaded: klp-callback post-patch
# unloaded: klp-callback pre-unpatch
# unloaded: klp-callback post-unpatch
sed 's/ttyS0 .*/ttyS0/' /proc/consoles
dmesg | grep -o 'klp-callback.*'
true
