// Numbers that another function reads as well are a table with a name.
//#data: run.jump read-by=other,run
	.text
	.globl run, other
	.type run, @function
run:	movq run.jump(,%rdi,8), %rax
	ret
	.size run, . - run
	.type other, @function
other:	movq run.jump(,%rdi,8), %rax
	incq %rax
	ret
	.size other, . - other
	.section .rodata, "a", @progbits
	.balign 8
	.type run.jump, @object
run.jump:
#ifdef PATCHED
	.quad 1, 2, 2
#else
	.quad 1, 2, 3
#endif
	.size run.jump, . - run.jump
