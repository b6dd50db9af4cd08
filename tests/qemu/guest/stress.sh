# patch: string new-function switch-table
# alone: loads and unloads while the patched functions run all the time
# cycles: 200
# before: started
# after: running
# unloaded: running
case $KLP_STAGE in
before)
	for file in cmdline softirqs devices; do
		(while :; do cat /proc/$file >/dev/null; done) >/dev/null 2>&1 &
	done
	echo started
	;;
*) [ "$(pidof sh | wc -w)" -ge 4 ] && echo running ;;
esac
