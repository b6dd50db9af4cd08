// A static call site whose key is not the one of the call.
//#section: .static_call_sites key
//#changed: run static-call
#include "special.h"
#ifdef PATCHED
#define KEY "__SCK__two"
#else
#define KEY "__SCK__one"
#endif
void run(void) { asm volatile("1:\tcall __SCT__one\n" STATIC_CALL_SITE(KEY)); }
void other(void) { asm volatile("1:\tcall __SCT__one\n" STATIC_CALL_SITE("__SCK__one")); }
