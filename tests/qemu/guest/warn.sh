# before: shown
# after: shown
# warning: fs/proc/loadavg.c:19
grep -q / /proc/loadavg && echo shown
