// Two static branches behind each other, of two keys: the other key is asked first.
//#changed: put *
#include "sites.inc"
#ifdef PATCHED
#define FIRST key_b
#define SECOND key_a
#else
#define FIRST key_a
#define SECOND key_b
#endif
	.text
	.globl put
	.type put, @function
put:	STATIC_BRANCH .Lslow, FIRST
	STATIC_BRANCH .Lslow, SECOND
	ret
.Lslow:	mov $7, %eax
	ret
	.size put, . - put
	.section .note.GNU-stack, "", @progbits
