// A table without symbols has a zero in front.
//#any-of: data .init.mytab | data-added .init.mytab
//#may: data-removed .init.mytab
#ifdef PATCHED
#define FIRST "\t.long 0\n"
#else
#define FIRST
#endif
asm(".pushsection .init.mytab, \"a\"\n" FIRST "\t.long 5\n\t.popsection");
int x;
