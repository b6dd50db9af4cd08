// In a table without symbols a zero and a five change places.
//#any-of: data .init.mytab | data-added .init.mytab | note .init.mytab order
//#may: data-removed .init.mytab
#ifdef PATCHED
#define NUMBERS "0, 5"
#else
#define NUMBERS "5, 0"
#endif
asm(".pushsection .init.mytab, \"a\"\n\t.long " NUMBERS "\n\t.popsection");
int x;
