// The call to ftrace stays, but the table does not list it.
//#section: __mcount_loc presence
//#changed: work traceable,*
#include "special.h"
#ifdef PATCHED
#define ENTRY
#else
#define ENTRY SITE_8("__mcount_loc", "1b")
#endif
void work(void) { asm volatile("1:\tcall __fentry__\n" ENTRY); }
void other(void) { asm volatile("1:\tcall __fentry__\n" SITE_8("__mcount_loc", "1b")); }
