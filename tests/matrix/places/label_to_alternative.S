// A static branch leads to a NOP that an alternative describes, or behind it.
//#changed: test *
#include "sites.inc"
#ifdef PATCHED
#define TARGET .Lbehind
#else
#define TARGET .Lfence
#endif
	.text
	.globl test
	.type test, @function
test:	STATIC_BRANCH TARGET, key
	xor %eax, %eax
	ret
.Lfence:
	PATCHED_IN 0x71, lfence
.Lbehind:
	mov (%rdi), %eax
	ret
	.size test, . - test
	.section .note.GNU-stack, "", @progbits
