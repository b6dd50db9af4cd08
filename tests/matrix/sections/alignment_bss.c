// The same without bytes.
//#data: stack read-by=get causes=alignment
#ifdef PATCHED
#define ALIGNED 4096
#else
#define ALIGNED 16384
#endif
char stack[16384] __attribute__((aligned(ALIGNED)));
void use(char *);
void get(void) { use(stack); }
