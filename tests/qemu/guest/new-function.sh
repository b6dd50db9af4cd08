# before: none
# before: none
# after: klp-reads 2
# after: klp-reads 4
for i in 1 2; do
	read -r first </proc/softirqs
	case $first in klp-*) echo "$first" ;; *) echo none ;; esac
done
