// Two functions had one table, which changes for one of them; each table is alone in its section.
//#changed: mode constant
	.file "one.c"
	.text
	.globl mode
	.type mode, @function
mode:
#ifdef PATCHED
	movl .rodata..Lmode(,%rdi,4), %eax
#else
	movl .rodata..Lshared(,%rdi,4), %eax
#endif
	ret
	.size mode, .-mode
	.globl state
	.type state, @function
state:
#ifdef PATCHED
	movl .rodata..Lstate(,%rdi,4), %eax
#else
	movl .rodata..Lshared(,%rdi,4), %eax
#endif
	ret
	.size state, .-state
#ifdef PATCHED
	.section .rodata..Lstate, "a", @progbits
	.long 1, 2, 3, 4
	.section .rodata..Lmode, "a", @progbits
	.long 1, 2, 7, 4
#else
	.section .rodata..Lshared, "a", @progbits
	.long 1, 2, 3, 4
#endif
	.file "two.c"
	.text
	.globl last
	.type last, @function
last:
	movl $3, %eax
	ret
	.size last, .-last
