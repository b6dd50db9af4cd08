// A place in a table of places is a static branch, or the one behind it.
//#changed: pick *
#include "sites.inc"
#ifdef PATCHED
#define TARGET .Lbehind
#else
#define TARGET .Lbranch
#endif
	.text
	.globl pick
	.type pick, @function
pick:	jmp *.Ltable(, %rdi, 8)
.Lfirst:
	xor %eax, %eax
.Lbranch:
	STATIC_BRANCH .Lslow, key
.Lbehind:
	inc %eax
	ret
.Lslow:	mov $7, %eax
	ret
	.size pick, . - pick
	.section .rodata
	.balign 8
.Ltable:
	.quad .Lfirst, TARGET
	.section .note.GNU-stack, "", @progbits
