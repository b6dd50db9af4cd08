// Two variables of one name that the link with LTO made global exchange their first values. Who uses them tells which
// is which: what they count stays with their users.
//#one-way
//#data: st.llvm.11
//#data: st.llvm.12
#ifdef PATCHED
#define ONE "st.llvm.11"
#define TWO "st.llvm.12"
#define FIRST 2
#define SECOND 1
#else
#define ONE "st.llvm.1"
#define TWO "st.llvm.2"
#define FIRST 1
#define SECOND 2
#endif
	.text
	.globl a, b, c, ONE, TWO
	.type a, @function
a:	incl ONE(%rip)
	ret
	.size a, . - a
	.type b, @function
b:	decl TWO(%rip)
	ret
	.size b, . - b
	.type c, @function
c:	mov ONE(%rip), %eax
	add TWO(%rip), %eax
	ret
	.size c, . - c
	.data
	.balign 4
	.type ONE, @object
ONE:	.long FIRST
	.size ONE, 4
	.type TWO, @object
TWO:	.long SECOND
	.size TWO, 4
	.section .note.GNU-stack, "", @progbits
