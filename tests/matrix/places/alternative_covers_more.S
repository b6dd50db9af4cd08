// An alternative of five bytes stands for one instruction and a NOP, or for two instructions.
//#changed: f *
#ifdef PATCHED
#define FILL nop
#else
#define FILL .byte 0x0f, 0x1f, 0x00
#endif
	.text
	.globl f
	.type f, @function
f:
1:	mov %edi, %eax
	FILL
	inc %eax
	ret
	.size f, . - f
	.section .altinstructions, "a"
	.long 1b - ., 2f - .
	.short 0x134, 0
	.byte 5, 5
	.section .altinstr_replacement, "ax"
2:	mov $9, %eax
	.section .note.GNU-stack, "", @progbits
