// A table that the linker left as it is may be merged by entries of eight bytes, which keeps no order.
//#any-of: changed f | data K | data .rodata.own
#ifdef PATCHED
#define FLAGS "aM", @progbits, 8
#else
#define FLAGS "a", @progbits
#endif
	.text
	.globl f
	.type f, @function
f:	mov K(, %rdi, 8), %rax
	ret
	.size f, . - f
	.section .rodata.own, FLAGS
	.balign 8
	.globl K
	.type K, @object
K:	.quad 1, 2, 1, 2
	.size K, 32
	.section .note.GNU-stack, "", @progbits
