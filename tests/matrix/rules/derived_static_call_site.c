// objtool has written the table of static calls, or not yet.
//#rule: derived-static-call-site
//#unchanged
#include "special.h"
#ifdef PATCHED
#define SITE_OF(key) STATIC_CALL_SITE(key)
#else
#define SITE_OF(key)
#endif
void run(void) { asm volatile("1:\tcall __SCT__one\n" SITE_OF("__SCK__one")); }
void last(void) { asm volatile("1:\tjmp __SCT__one\n" SITE_OF("__SCK__one + 1")); }
