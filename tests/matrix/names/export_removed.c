// A function is no longer there for modules.
//#note: work export
int work(int x) { return x * 3; }
int other(int x) { return x * 5; }
#define EXPORT(name) asm(".section \".export_symbol\",\"a\"\n__export_symbol_" #name ":\n\t.asciz \"\"\n\t.asciz \"\"\n\t.balign 8\n\t.quad " #name "\n.previous");
#ifndef PATCHED
EXPORT(work)
#endif
EXPORT(other)
