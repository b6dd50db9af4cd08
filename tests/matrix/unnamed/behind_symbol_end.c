// The same in front of the end of the section: another number is there, or one more.
//#any-of: changed f | data tab | data .data | data-added .data
#ifdef PATCHED
#define BEHIND "5, 6"
#else
#define BEHIND "5"
#endif
asm(".pushsection .data\n\t.balign 8\n\t.type tab, @object\n\t.globl tab\ntab:\t.quad 1\n\t.size tab, 8\n\t.quad " BEHIND "\n\t.popsection");
extern const long tab[];
void use(const long *);
void f(void) { use(tab); }
