// What asked for the alignment of the section is gone; the first variable had it by chance.
//#flags[gcc]: -fno-toplevel-reorder
//#removed: get_gone
//#data-removed: gone
static int array[4];
static int number;
#ifndef PATCHED
static int gone[32] __attribute__((aligned(128)));
int *get_gone(unsigned i) { return &gone[i]; }
#endif
int *get(unsigned i) { number++; return number ? &array[i] : &number; }
