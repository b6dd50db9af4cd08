// What the module loader reads.
//#rule: exports
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
	    LISTED("__ksymtab")
	    LISTED("__ksymtab_gpl")
	    LISTED("___ksymtab+work")
	    LISTED("__kcrctab")
	    LISTED("__kcrctab_gpl")
	    LISTED(".export_symbol")
	    LISTED("__ksymtab_strings")
	    LISTED(".modinfo")
	    LISTED("__versions")
	    LISTED("__modver")
	    LISTED("__version_ext_crcs")
	    LISTED(".gnu.linkonce.this_module")
	    : "+r"(x));
	return x;
}
