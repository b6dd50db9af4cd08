# patch: tracepoint
# before: one: newcomm=klpcomm
# before: both: newcomm=klpcomm
# before: other: newcomm=klpcomm
# after: one: newcomm=patched
# after: both: newcomm=patched
# after: other: newcomm=patched
# Events go to their one user by a static call. With a second user that call becomes one of the function
# that goes through all of them.
events=/sys/kernel/tracing
mkdir $events/instances/klp
enable() { echo $2 >$1/events/task/task_rename/enable; }
rename() { sh -c 'printf klpcomm >/proc/$$/comm; :'; }
shown() {
	grep -o 'newcomm=klpcomm\|newcomm=patched' $2/trace | sed "s/^/$1: /"
	echo >$2/trace
}
echo >$events/trace
enable $events 1
rename
shown one $events
enable $events/instances/klp 1
rename
shown both $events
shown other $events/instances/klp
enable $events 0
enable $events/instances/klp 0
rmdir $events/instances/klp
