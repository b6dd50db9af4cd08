# module: ext4
# before: supported
# after: klp-supported
cat /sys/fs/ext4/features/lazy_itable_init
