// A loop that goes on at a static branch, or behind it.
//#changed: walk *
#include "sites.inc"
#ifdef PATCHED
#define TARGET .Lbehind
#else
#define TARGET .Lbranch
#endif
	.text
	.globl walk
	.type walk, @function
walk:	xor %eax, %eax
.Lbranch:
	STATIC_BRANCH .Lslow, key
.Lbehind:
	add (%rdi), %eax
	dec %esi
	jnz TARGET
	ret
.Lslow:	mov $7, %eax
	ret
	.size walk, . - walk
	.section .note.GNU-stack, "", @progbits
