// After a fault the code goes on at a static branch, or behind it.
//#changed: load *
#include "sites.inc"
#ifdef PATCHED
#define TARGET .Lbehind
#else
#define TARGET .Lbranch
#endif
	.text
	.globl load
	.type load, @function
load:	xor %eax, %eax
1:	mov (%rdi), %eax
.Lbranch:
	STATIC_BRANCH .Lslow, key
.Lbehind:
	ret
.Lslow:	mov $7, %eax
	ret
	.size load, . - load
	FIXUP 1b, TARGET, 1
	.section .note.GNU-stack, "", @progbits
