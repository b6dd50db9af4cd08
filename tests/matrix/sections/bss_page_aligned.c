// A page for the hardware moves to where only pages are.
//#data: page read-by=get causes=section,*
#ifdef PATCHED
#define PLACE __attribute__((section(".bss..page_aligned"), aligned(4096)))
#else
#define PLACE __attribute__((aligned(64)))
#endif
char page[4096] PLACE;
void use(char *);
void get(void) { use(page); }
