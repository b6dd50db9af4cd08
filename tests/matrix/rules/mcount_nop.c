// The call to ftrace, or the NOP that takes its place before the boot; the table says the same.
//#rule: ftrace-call
//#unchanged
#include "special.h"
#ifdef PATCHED
#define CODE "1:\t.byte 0x0f, 0x1f, 0x44, 0, 0\n"
#else
#define CODE "1:\tcall __fentry__\n"
#endif
void work(void) { asm volatile(CODE SITE_8("__mcount_loc", "1b")); }
