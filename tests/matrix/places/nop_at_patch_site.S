// At a place with a name, where the kernel writes five bytes, is a NOP of two.
//#any-of: changed f | changed graph_call
#ifdef PATCHED
#define NOP .byte 0x66, 0x90
#else
#define NOP .byte 0x0f, 0x1f, 0x44, 0, 0
#endif
	.text
	.globl f, graph_call
	.type f, @function
f:	inc %ecx
graph_call:
	NOP
	mov $1, %eax
	ret
	.size f, . - f
	.section .note.GNU-stack, "", @progbits
