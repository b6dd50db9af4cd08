// An entry of a table becomes an ordinary constant that nobody calls.
//#data: entry_start causes=section
#ifdef PATCHED
#define PLACE ".rodata"
#else
#define PLACE "__start_table"
#endif
int start(void);
static int (*const entry_start)(void) __attribute__((used, section(PLACE))) = start;
