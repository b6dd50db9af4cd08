// Data that could not be written can be now.
//#data: limit read-by=get
#ifdef PATCHED
volatile int limit = 5;
#else
const volatile int limit = 5;
#endif
int get(void) { return limit; }
