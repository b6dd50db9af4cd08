// Two alternatives that have nothing in common, in the other order: nothing changes.
//#unchanged
#define ENTRY(from, size, with) .long from - ., with - .; .short 0x134, 0; .byte size, size
	.text
	.globl f
	.type f, @function
f:
.La:	add $1, %eax
.Lb:	add $2, %ecx
	ret
	.size f, . - f
	.section .altinstructions, "a"
#ifdef PATCHED
	ENTRY(.Lb, 3, .Lnew_b)
	ENTRY(.La, 3, .Lnew_a)
#else
	ENTRY(.La, 3, .Lnew_a)
	ENTRY(.Lb, 3, .Lnew_b)
#endif
	.section .altinstr_replacement, "ax"
.Lnew_a:
	add $11, %eax
.Lnew_b:
	add $22, %ecx
	.section .note.GNU-stack, "", @progbits
