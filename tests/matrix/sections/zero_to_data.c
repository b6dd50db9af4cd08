// A variable that is zero has bytes in the file, or has none.
//#patched-flags: -fno-zero-initialized-in-bss
//#unchanged
static long state[4];
int seen = 0;
void use(long *);
void get(void) { use(state); seen++; }
