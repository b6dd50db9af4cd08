// CLAC in front of a static branch, or behind it, in straight code.
//#changed: put *
#include "sites.inc"
	.text
	.globl put
	.type put, @function
put:	mov %esi, (%rdi)
#ifndef PATCHED
	PATCHED_IN 0x134, clac
#endif
	STATIC_BRANCH .Lslow, key
#ifdef PATCHED
	PATCHED_IN 0x134, clac
#endif
	ret
.Lslow:	mov $7, %eax
	ret
	.size put, . - put
	.section .note.GNU-stack, "", @progbits
