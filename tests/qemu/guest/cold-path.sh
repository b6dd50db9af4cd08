# before: no
# after: cold
# unloaded: no
old=$(dmesg | grep -c klp-cold)
grep -c . /proc/misc >/dev/null
[ "$(dmesg | grep -c klp-cold)" -gt $old ] && echo cold || echo no
