# before: no
# after: klp-string
case $(cat /proc/cmdline) in klp-string\ *) echo klp-string ;; *) echo no ;; esac
