# before:
# after: klp-key off
# after: klp-key on
# after: klp-key off
# after: klp-key on
# unloaded:
file=/proc/sys/kernel/timer_migration
old=$(dmesg | grep -c klp-key)
for value in 0 1 0 1; do echo $value >$file; done
dmesg | grep -o 'klp-key.*' | tail -n +$((old + 1))
