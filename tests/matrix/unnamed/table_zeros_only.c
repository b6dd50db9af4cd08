// A table without symbols, of zeros only, has one more.
//#any-of: data .init.mytab | data-added .init.mytab
//#may: data-removed .init.mytab
#ifdef PATCHED
#define MORE "\t.quad 0\n"
#else
#define MORE
#endif
asm(".pushsection .init.mytab, \"aw\"\n\t.quad 0\n" MORE "\t.popsection");
int x;
