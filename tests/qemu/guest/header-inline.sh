# before: 0 0
# after: 100 100
# One object shows /proc/uptime, another implements sysinfo(), which busybox calls.
read -r seconds rest </proc/uptime
days=$(uptime | sed -n 's/.* up \([0-9]*\) days.*/\1/p')
echo $((${seconds%.*} / 86400)) ${days:-0}
