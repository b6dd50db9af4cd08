// The same where it asked because it was large.
//#flags[gcc]: -fno-toplevel-reorder
//#removed: get_gone
//#data-removed: gone
static int array[4];
static int number;
#ifndef PATCHED
static int gone[8];
int *get_gone(unsigned i) { return &gone[i]; }
#endif
int *get(unsigned i) { number++; return number ? &array[i] : &number; }
