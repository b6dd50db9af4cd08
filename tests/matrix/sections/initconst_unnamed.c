// A table without a name of its own, which only one function reads, is given away after the start.
//#any-of: changed get | data .init.rodata | data .rodata
#ifdef PATCHED
#define PLACE __attribute__((section(".init.rodata")))
#else
#define PLACE
#endif
static const int __flags[4] __asm__("__flags.1") PLACE = { 3, 1, 4, 1 };
int get(int i) { return ((const volatile int *)__flags)[i]; }
