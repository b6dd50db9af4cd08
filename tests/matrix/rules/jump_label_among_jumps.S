// A jump that objtool turns into a NOP, between pieces of code that nothing jumps to.
//#unchanged
#ifdef PATCHED
#define LABEL .byte 0x0f, 0x1f, 0x44, 0, 0
#else
#define LABEL .byte 0xe9; .long .Lslow - (. + 4)
#endif
	.text
	.globl walk
	.type walk, @function
walk:	test %edi, %edi
	jmp *%rax
.Lbranch:
	LABEL
	jmp .Lslow
	nop
	jmp .Lslow
.Lslow:	mov $7, %eax
	ret
	nop
	mov $8, %eax
	ret
	.size walk, . - walk
	.section __jump_table, "aw"
	.balign 8
	.long .Lbranch - ., .Lslow - .
	.quad key + 2 - .
	.section .note.GNU-stack, "", @progbits
