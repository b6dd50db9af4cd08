# before: Linux
# after: klp-alternative 2
cut -d' ' -f1,2 /proc/version | sed 's/Linux.*/Linux/'
