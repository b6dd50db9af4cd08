// A table without symbols has a zero more at its end.
//#any-of: data .init.mytab | data-added .init.mytab
//#may: data-removed .init.mytab
#ifdef PATCHED
#define MORE "\t.long 0\n"
#else
#define MORE
#endif
asm(".pushsection .init.mytab, \"a\"\n\t.long 5\n" MORE "\t.popsection");
int x;
