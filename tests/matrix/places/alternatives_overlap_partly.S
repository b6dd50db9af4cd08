// Two alternatives that overlap at an end each, in the other order.
//#changed: f *
#define ENTRY(from, size, with) .long from - ., with - .; .short 0x134, 0; .byte size, size
	.text
	.globl f
	.type f, @function
f:
.La:	add $1, %eax
.Lb:	add $2, %ecx
	add $3, %edx
	ret
	.size f, . - f
	.section .altinstructions, "a"
#ifdef PATCHED
	ENTRY(.Lb, 6, .Lnew_b)
	ENTRY(.La, 6, .Lnew_a)
#else
	ENTRY(.La, 6, .Lnew_a)
	ENTRY(.Lb, 6, .Lnew_b)
#endif
	.section .altinstr_replacement, "ax"
.Lnew_a:
	add $11, %eax
	add $12, %ecx
.Lnew_b:
	add $22, %ecx
	add $23, %edx
	.section .note.GNU-stack, "", @progbits
