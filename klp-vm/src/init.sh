#!/bin/busybox sh
# The first process of the guest. Console and kernel messages go to ttyS0; this script and the scripts
# that it runs write to ttyS1. A line that starts with the byte 1 is a report to the host, see guest.rs.

/bin/busybox mkdir -p /dev /proc /sys /tmp /lib/modules /usr
/bin/busybox --install -s /bin
export PATH=/bin HOME=/tmp
ln -s /bin /sbin
ln -s /bin /usr/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev 2>/dev/null
mount -t debugfs debugfs /sys/kernel/debug 2>/dev/null
mount -t tracefs tracefs /sys/kernel/tracing 2>/dev/null
ln -s /klp/modules "/lib/modules/$(uname -r)"
depmod
stty -F /dev/ttyS1 raw -echo
exec </dev/null >/dev/ttyS1 2>&1
cd /tmp
. /klp/plan

report() { printf '\001%s\n' "$*"; }

# begin STAGE [MODULE]; end STATUS
begin() { report begin "$@"; }
end() { report end "$1"; }

# script STAGE MODULE
script() {
	[ -e "/klp/script.$1" ] || return 0
	begin "$1" "$2"
	KLP_STAGE=$1 KLP_MODULE=$2 sh "/klp/script.$1"
	end $?
}

# Waits until $1 succeeds, for at most $PATIENCE seconds.
wait_until() {
	tries=0
	until eval "$1"; do
		tries=$((tries + 1))
		[ $tries -le $((PATIENCE * 20)) ] || return 1
		sleep 0.05
	done
}

# The tasks that have not reached the state of the others.
stuck() {
	echo "tasks that keep the transition from ending:"
	target=$(cat "$patch/enabled")
	for task in /proc/[0-9]*/task/[0-9]*; do
		state=$(cat "$task/patch_state" 2>/dev/null)
		[ -z "$state" ] || [ "$state" = -1 ] || [ "$state" = "$target" ] || {
			echo "$task $(cat "$task/comm")"
			cat "$task/stack" 2>/dev/null
		}
	done
}

# load FILE NAME
load() {
	patch=/sys/kernel/livepatch/$2
	said=$(dmesg | wc -l)
	insmod "/klp/$1" || { status=$?; dmesg | tail -n +$((said + 1)); return $status; }
	[ -d "$patch" ] || { echo "the module is loaded, but no livepatch: $patch is missing"; return 1; }
	wait_until '[ "$(cat $patch/transition)" = 0 ]' || { stuck; return 1; }
	[ "$(cat "$patch/enabled")" = 1 ] || { echo "the livepatch is not enabled"; return 1; }
}

# disable NAME: nothing to do for one that another has replaced
disable() {
	patch=/sys/kernel/livepatch/$1
	[ ! -d "$patch" ] || {
		echo 0 >"$patch/enabled" || return
		wait_until '[ ! -d $patch ]' || { stuck; return 1; }
	}
}

# stays NAME: whether the kernel never unloads it
stays() { grep -q "^$1 .*\[permanent\]" /proc/modules; }

# unload NAME: the kernel gives up its reference a little later than the directory
unload() {
	! stays "$1" || { echo "$1 stays in memory, as it says"; return 0; }
	wait_until "rmmod $1 2>/tmp/rmmod" || { cat /tmp/rmmod; return 1; }
}

# step STAGE MODULE COMMAND...: stops the run when the command fails
step() {
	begin "$1" "$2"
	shift 2
	"$@"
	status=$?
	end $status
	[ $status = 0 ] || finish
}

finish() {
	report taint "$(cat /proc/sys/kernel/tainted)"
	report finished
	sync
	reboot -f
}

load_modules() { modprobe -a "$@"; }

report begin boot
end 0
[ -z "$MODULES" ] || step modules '' load_modules $MODULES
script before
for pair in $LIVEPATCHES; do
	step load "${pair#*:}" load "${pair%%:*}" "${pair#*:}"
	[ -z "$LATE_MODULES" ] || step modules "${pair#*:}" load_modules $LATE_MODULES
	script after "${pair#*:}"
done
cycle=1
while :; do
	for name in $UNLOADS; do
		step disable "$name" disable "$name"
		step unload "$name" unload "$name"
	done
	[ $cycle -lt "$CYCLES" ] || break
	for name in $UNLOADS; do
		! stays "$name" || { echo "$name cannot be loaded again"; break 2; }
	done
	cycle=$((cycle + 1))
	report cycle $cycle
	for pair in $LIVEPATCHES; do
		step load "${pair#*:}" load "${pair%%:*}" "${pair#*:}"
	done
done
script unloaded
finish
