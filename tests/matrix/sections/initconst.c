// A table that was given away after the start no longer is.
//#data: table read-by=get causes=section
#ifdef PATCHED
#define PLACE
#else
#define PLACE __attribute__((section(".init.rodata")))
#endif
static const int table[4] PLACE = { 3, 1, 4, 1 };
int get(int i) { return ((const volatile int *)table)[i]; }
