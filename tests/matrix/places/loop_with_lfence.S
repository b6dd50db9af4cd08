// A loop that goes on at a NOP that becomes LFENCE, or behind it.
//#changed: walk *
#include "sites.inc"
#ifdef PATCHED
#define TARGET .Lwithout
#else
#define TARGET .Lwith
#endif
	.text
	.globl walk
	.type walk, @function
walk:	xor %eax, %eax
.Lwith:
	PATCHED_IN 0x71, lfence
.Lwithout:
	add (%rdi), %eax
	dec %esi
	jnz TARGET
	ret
	.size walk, . - walk
	.section .note.GNU-stack, "", @progbits
