// The flags of a static call site: it is in code that is freed after boot.
//#section: .static_call_sites flags
//#changed: run static-call
#include "special.h"
#ifdef PATCHED
#define KEY "__SCK__one + 2"
#else
#define KEY "__SCK__one"
#endif
void run(void) { asm volatile("1:\tcall __SCT__one\n" STATIC_CALL_SITE(KEY)); }
void other(void) { asm volatile("1:\tcall __SCT__one\n" STATIC_CALL_SITE("__SCK__one")); }
