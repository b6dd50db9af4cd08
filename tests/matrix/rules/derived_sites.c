// Tables of places that follow from the code.
//#rule: derived-sites
//#unchanged
#include "special.h"
#ifdef PATCHED
#define LISTED(section) SITE(section, "1b") SITE(section, "2b")
#else
#define LISTED(section) SITE(section, "1b")
#endif
int work(int x)
{
	asm("1:\tincl %0\n2:\n"
	    LISTED(".retpoline_sites")
	    LISTED(".return_sites")
	    LISTED(".call_sites")
	    LISTED(".cfi_sites")
	    LISTED(".kcfi_traps")
	    LISTED(".sframe")
	    : "+r"(x));
	return x;
}
