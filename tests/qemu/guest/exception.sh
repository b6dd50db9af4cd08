# program: pselect
# before: 14
# after: 25
# The program passes a pointer to nowhere: EFAULT before, ENOTTY after.
/klp/files/pselect
