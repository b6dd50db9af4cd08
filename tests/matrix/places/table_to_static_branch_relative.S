// A place in a table of distances is a static branch, or the one behind it.
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
pick:	lea .Ltable(%rip), %rax
	movslq (%rax, %rdi, 4), %rdx
	add %rdx, %rax
	jmp *%rax
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
	.balign 4
.Ltable:
	.long .Lfirst - .Ltable, TARGET - .Ltable
	.section .note.GNU-stack, "", @progbits
