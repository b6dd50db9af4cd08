// Four constants that look the same and have two successors each, which are others with the patch.
//#changed: f *
	.text
	.globl f
	.type f, @function
f:	mov $.Ln0, %rdi
	jmp use
	.size f, . - f
	.section .rodata, "a"
	.balign 8
#ifdef PATCHED
.Ln0:	.quad .Ln1, .Ln2
.Ln1:	.quad .Ln2, .Ln3
.Ln2:	.quad .Ln3, .Ln0
.Ln3:	.quad .Ln0, .Ln1
#else
.Ln0:	.quad .Ln1, .Ln3
.Ln1:	.quad .Ln2, .Ln0
.Ln2:	.quad .Ln3, .Ln1
.Ln3:	.quad .Ln0, .Ln2
#endif
	.section .note.GNU-stack, "", @progbits
