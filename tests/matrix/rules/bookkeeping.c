// Indexes of source positions, types and tools.
//#rule: bookkeeping
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
	    LISTED(".printk_index")
	    LISTED("alloc_tags")
	    LISTED(".codetag.alloc_tags")
	    LISTED(".BTF")
	    LISTED(".note.Linux")
	    : "+r"(x));
	return x;
}
