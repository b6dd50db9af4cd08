# before: klpcomm
# before: newcomm=klpcomm
# after: patched
# after: newcomm=patched
events=/sys/kernel/tracing
echo >$events/trace
rename() { sh -c 'printf klpcomm >/proc/$$/comm; cat /proc/$$/comm; :'; }
# Off: there must be no event. On: there must be one.
rename >/dev/null
echo 1 >$events/events/task/task_rename/enable
rename
echo 0 >$events/events/task/task_rename/enable
grep -o 'newcomm=klpcomm\|newcomm=patched' $events/trace
