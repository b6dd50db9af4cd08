// A tail call that its entry calls a call.
//#section: .static_call_sites flags
//#changed: run static-call
#include "special.h"
#ifdef PATCHED
#define KEY "__SCK__one"
#else
#define KEY "__SCK__one + 1"
#endif
void run(void) { asm volatile("1:\tjmp __SCT__one\n" STATIC_CALL_SITE(KEY)); }
