# before: kallsyms
# before: trace_clock
# after: klp-first
# after: trace_clock
read -r first rest </proc/kallsyms
case $first in klp-first) echo klp-first ;; *) echo kallsyms ;; esac
# The s_show of kernel/trace is another function.
grep -q klp-first /sys/kernel/tracing/trace_clock /sys/kernel/tracing/trace || echo trace_clock
