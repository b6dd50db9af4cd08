// After a fault the code goes on at a NOP that becomes CLAC, or behind it.
//#changed: load *
#include "sites.inc"
#ifdef PATCHED
#define TARGET .Lbehind
#else
#define TARGET .Lclac
#endif
	.text
	.globl load
	.type load, @function
load:	xor %eax, %eax
1:	mov (%rdi), %eax
.Lclac:
	PATCHED_IN 0x134, clac
.Lbehind:
	ret
	.size load, . - load
	FIXUP 1b, TARGET, 1
	.section .note.GNU-stack, "", @progbits
