// Behind the end of a symbol's size a zero and a five change places, where code reads.
//#any-of: changed f | data tab | data .rodata
#ifdef PATCHED
#define BEHIND "5, 0"
#else
#define BEHIND "0, 5"
#endif
asm(".pushsection .rodata\n\t.balign 8\n\t.type tab, @object\n\t.globl tab\ntab:\t.quad 1\n\t.size tab, 8\n\t.quad " BEHIND "\n\t.popsection");
extern const long tab[];
long f(void) { return tab[1]; }
