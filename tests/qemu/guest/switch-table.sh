# before: 1 mem
# before: 4 ttyS
# after: klp-memory 1 mem
# after: klp-terminal 4 ttyS
sed -n 's/^ *//; /^Block/q; /klp-/p; /^[14] /p' /proc/devices | sed 's/  */ /g'
