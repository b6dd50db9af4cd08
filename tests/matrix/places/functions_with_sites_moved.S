// Two functions with static branches and alternatives change places, and their entries with them.
//#rule: place
//#unchanged
#include "sites.inc"
	.macro FUNCTION name, key, feature
	.globl \name
	.type \name, @function
\name:	STATIC_BRANCH 3f, \key
	PATCHED_IN \feature, lfence
	mov (%rdi), %eax
	ret
3:	mov $\feature, %eax
	ret
	.size \name, . - \name
	.endm
	.text
#ifdef PATCHED
	FUNCTION two, key_b, 0x72
	FUNCTION one, key_a, 0x71
#else
	FUNCTION one, key_a, 0x71
	FUNCTION two, key_b, 0x72
#endif
	.section .note.GNU-stack, "", @progbits
