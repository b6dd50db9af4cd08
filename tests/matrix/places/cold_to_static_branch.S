// The cold part comes back to a static branch, or behind it.
//#changed: work *
#include "sites.inc"
#ifdef PATCHED
#define TARGET .Lbehind
#else
#define TARGET .Lbranch
#endif
	.text
	.globl work
	.type work, @function
work:	test %edi, %edi
	js work.cold
.Lbranch:
	STATIC_BRANCH .Lslow, key
.Lbehind:
	inc %eax
	ret
.Lslow:	mov $7, %eax
	ret
	.size work, . - work
	.section .text.unlikely, "ax"
	.type work.cold, @function
work.cold:
	mov $3, %eax
	jmp TARGET
	.size work.cold, . - work.cold
	.section .note.GNU-stack, "", @progbits
