// The same at a place that a table of the kernel's own names.
//#changed: f *
#ifdef PATCHED
#define JUMP jmp
#else
#define JUMP jmp.d32
#endif
	.text
	.globl f
	.type f, @function
f:	nop
1:	JUMP .Lstub
	mov $1, %eax
.Lstub:
	ret
	.size f, . - f
	.section patch_sites, "a"
	.long 1b - .
	.section .note.GNU-stack, "", @progbits
