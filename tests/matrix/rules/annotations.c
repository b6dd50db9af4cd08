// Notes to objtool and the linker.
//#rule: annotations
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
	    LISTED(".discard.annotate_insn")
	    LISTED(".discard.reachable")
	    LISTED(".discard.retpoline_safe")
	    LISTED(".discard.addressable")
	    LISTED(".klp.rela.vmlinux..text")
	    LISTED(".init.klp_funcs")
	    LISTED(".init.klp_objects")
	    : "+r"(x));
	return x;
}
