# patch: string
# then: string-2
# alone: two livepatches, the second replaces the first
# before: none Linux
# after: klp-string Linux
# after: klp-string-2 klp-second
read -r first rest </proc/cmdline
case $first in klp-*) ;; *) first=none ;; esac
read -r second rest </proc/version
echo $first $second
