// Another amount of padding between NOPs that are described.
//#rule: padding
//#unchanged
#include "sites.inc"
#ifdef PATCHED
#define FILL nopw 0(%rax, %rax)
#else
#define FILL nop
#endif
	.text
	.globl walk
	.type walk, @function
walk:	STATIC_BRANCH .Lslow, key
	FILL
	PATCHED_IN 0x71, lfence
	FILL
.Lagain:
	STATIC_BRANCH .Lslow, key
	FILL
	dec %esi
	jnz .Lagain
	ret
.Lslow:	mov $7, %eax
	ret
	.size walk, . - walk
	.section .note.GNU-stack, "", @progbits
