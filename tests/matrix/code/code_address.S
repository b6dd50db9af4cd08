// The address of another place in the function's own code, as an immediate and as an operand.
//#changed: immediate relocation
//#changed: operand relocation
#ifdef PATCHED
#define FIRST 2f
#else
#define FIRST 1f
#endif
	.text
	.globl immediate
	.type immediate, @function
immediate:
	movq $FIRST, %rdi
	call use
1:	incl %eax
2:	ret
	.size immediate, . - immediate
	.globl operand
	.type operand, @function
operand:
	leaq FIRST(%rip), %rdi
	call use
1:	incl %eax
2:	ret
	.size operand, . - operand
	.section .note.GNU-stack, "", @progbits
