# program: pselect
# before: 14
# after: 25
# The program passes a pointer to nowhere; that is EFAULT before and ENOTTY after.
/klp/files/pselect
