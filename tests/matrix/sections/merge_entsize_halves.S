// Both halves of one constant are read through its symbol. With entries of 16 bytes a linker moves the halves
// apart, and whatever it puts behind the first half is read as the second.
//#changed: f constant
#ifdef PATCHED
#define SIZE 16
#else
#define SIZE 32
#endif
	.text
	.globl f
	.type f, @function
f:	movdqa .Lk(%rip), %xmm0
	pxor .Lk+16(%rip), %xmm1
	ret
	.size f, . - f
	.section .rodata.cst, "aM", @progbits, SIZE
	.balign 32
.Lk:	.quad 1, 2, 3, 4
	.section .note.GNU-stack, "", @progbits
