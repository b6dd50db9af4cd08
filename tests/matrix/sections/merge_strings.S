// A text with a NUL within: as one of strings, the linker keeps what stands behind the NUL elsewhere.
//#any-of: changed f | data K | data .rodata.own
#ifdef PATCHED
#define FLAGS "a", @progbits
#else
#define FLAGS "aMS", @progbits, 1
#endif
	.text
	.globl f
	.type f, @function
f:	mov $K, %rdi
	mov $6, %esi
	jmp use
	.size f, . - f
	.section .rodata.own, FLAGS
	.globl K
	.type K, @object
K:	.asciz "ab"
	.asciz "cd"
	.size K, 6
	.section .note.GNU-stack, "", @progbits
