/* Every kind of symbol that a bitcode object can define, and some that it does not. */

int common;
extern int elsewhere;

asm(".globl by_assembler; by_assembler: ret; local_by_assembler: ret; .globl undefined_by_assembler");

static int variable = 3;

static __attribute__((noinline)) int local(int n) { return n + variable++; }

__attribute__((weak)) int weak(int n) { return n; }

__attribute__((visibility("hidden"))) int hidden(int n) { return local(n) + weak(n) + elsewhere; }

int other_name(int n) __attribute__((alias("hidden")));
