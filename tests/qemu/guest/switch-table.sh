# before: 1 mem
# before: 4 /dev/vc/0
# after: klp-memory 1 mem
# after: klp-terminal 4 ttyS
sed -n 's/^ *//; /^Block/q; /klp-/p; /^[14] /p' /proc/devices | sed 's/  */ /g'
