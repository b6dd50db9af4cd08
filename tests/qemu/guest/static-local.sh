# before: plain, goes on
# after: marked, goes on
# unloaded: plain, goes on
# Each processor takes 1024 numbers at a time of a static local, and counts in a variable of its own.
# Every 1100 files take at least one such batch.
[ -d /tmp/ram ] || { mkdir /tmp/ram; mount -t ramfs ramfs /tmp/ram; echo 0 >/tmp/last; }
last=$(cat /tmp/last)
cat >/tmp/number.sh <<'END'
i=0
while [ $i -lt 1100 ]; do : >/tmp/ram/$1$i; i=$((i + 1)); done
stat -c %i /tmp/ram/${1}0 /tmp/ram/${1}1099
END
set -- $(taskset 1 sh /tmp/number.sh $KLP_STAGE)
rm -f /tmp/ram/*
plain() { echo $(($1 & 0x3fffffff)); }
[ $2 -gt 1073741824 ] && mark=marked || mark=plain
first=$(plain $1)
next=$(plain $2)
echo $next >/tmp/last
# Both go on where they were, but for the batches that other programs took meanwhile.
if [ $first -gt $last ] && [ $next -gt $first ] && { [ $last = 0 ] || [ $((first - last)) -lt 65536 ]; }; then
	echo "$mark, goes on"
else
	echo "$mark, from $last to $first to $next"
fi
