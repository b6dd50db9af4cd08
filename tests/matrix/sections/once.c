// Up to Linux 6.12 flags of what was printed once stand here, and are cleared together.
//#data: flag causes=section
#ifdef PATCHED
#define PLACE ".data.once"
#else
#define PLACE ".data"
#endif
__attribute__((section(PLACE))) int flag = 1;
int seen(void) { return flag++; }
