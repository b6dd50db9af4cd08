// A jump to a NOP that nothing describes, or behind it: control cannot tell them apart.
//#rule: padding
//#unchanged
#include "sites.inc"
#ifdef PATCHED
#define TARGET .Lbehind
#else
#define TARGET .Lnop
#endif
	.text
	.globl walk
	.type walk, @function
walk:	STATIC_BRANCH .Lslow, key
.Lnop:	nopl 0(%rax)
	nop
.Lbehind:
	add (%rdi), %eax
	dec %esi
	jnz TARGET
	ret
.Lslow:	mov $7, %eax
	ret
	.size walk, . - walk
	.section .note.GNU-stack, "", @progbits
