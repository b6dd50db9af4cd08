// Two rings of constants that look the same stand in another order: nothing changed.
//#unchanged
	.macro TWO
.Ln0:	.quad .Ln1, 5
.Ln1:	.quad .Ln0, 5
	.endm
	.macro THREE
.Lm0:	.quad .Lm1, 5
.Lm1:	.quad .Lm2, 5
.Lm2:	.quad .Lm0, 5
	.endm
	.text
	.globl f, g
	.type f, @function
f:	mov $.Ln0, %rdi
	jmp use
	.size f, . - f
	.type g, @function
g:	mov $.Lm0, %rdi
	jmp use
	.size g, . - g
	.section .rodata, "a"
	.balign 8
#ifdef PATCHED
	THREE
	TWO
#else
	TWO
	THREE
#endif
	.section .note.GNU-stack, "", @progbits
