// The same with two variables.
//#changed: f *
#ifdef PATCHED
#define USED "state.llvm.2"
#else
#define USED "state.llvm.1"
#endif
	.text
	.globl f, g, "state.llvm.1", "state.llvm.2"
	.type f, @function
f:	mov "state.llvm.1"(%rip), %eax
	add "state.llvm.2"(%rip), %eax
	mov %eax, USED(%rip)
	ret
	.size f, . - f
	.type g, @function
g:	mov "state.llvm.1"(%rip), %eax
	sub "state.llvm.2"(%rip), %eax
	ret
	.size g, . - g
	.data
	.balign 4
	.type "state.llvm.1", @object
"state.llvm.1":
	.long 1
	.size "state.llvm.1", 4
	.type "state.llvm.2", @object
"state.llvm.2":
	.long 1
	.size "state.llvm.2", 4
	.section .note.GNU-stack, "", @progbits
