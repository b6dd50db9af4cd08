// A jump of five bytes at a place with a name, where the kernel writes five bytes, becomes one of two.
//#any-of: changed f | changed graph_call
#ifdef PATCHED
#define JUMP jmp
#else
#define JUMP jmp.d32
#endif
	.text
	.globl f, graph_call
	.type f, @function
f:	nop
graph_call:
	JUMP .Lstub
	mov $1, %eax
.Lstub:
	ret
	.size f, . - f
	.section .note.GNU-stack, "", @progbits
