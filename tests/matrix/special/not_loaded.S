// Tables that are not loaded: nobody fixes up a fault, takes a LOCK prefix out, or turns a branch.
//#changed: faults exception-table
//#changed: locks alternative
//#changed: branches static-key
//#changed: calls static-call
//#changed: traced traceable
#ifdef PATCHED
#define LOADED ""
#else
#define LOADED "a"
#endif
	.text
	.globl faults, locks, branches, calls, traced, key, __SCK__call
	.type faults, @function
faults:
1:	mov (%rdi), %rax
	xor %ecx, %ecx
	ret
2:	mov $-14, %ecx
	ret
	.size faults, . - faults
	.section __ex_table, LOADED
	.balign 4
	.long 1b - ., 2b - ., 3
	.text
	.type locks, @function
locks:
3:	lock incl (%rdi)
	ret
	.size locks, . - locks
	.section .smp_locks, LOADED
	.balign 4
	.long 3b - .
	.text
	.type branches, @function
branches:
4:	.byte 0x0f, 0x1f, 0x44, 0x00, 0x00
	ret
5:	mov $1, %eax
	ret
	.size branches, . - branches
	.section __jump_table, LOADED
	.balign 8
	.long 4b - ., 5b - .
	.quad key - .
	.text
	.type calls, @function
calls:
6:	call __SCT__call
	ret
	.size calls, . - calls
	.section .static_call_sites, LOADED
	.balign 4
	.long 6b - ., __SCK__call - .
	.text
	.type traced, @function
traced:
7:	call __fentry__
	ret
	.size traced, . - traced
	.section __mcount_loc, LOADED
	.balign 8
	.quad 7b
