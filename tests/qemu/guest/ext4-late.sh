# patch: ext4
# alone: the module must not be there before
# late-module: ext4
# before: absent
# after: klp-supported
# unloaded: supported
cat /sys/fs/ext4/features/lazy_itable_init 2>/dev/null || echo absent
