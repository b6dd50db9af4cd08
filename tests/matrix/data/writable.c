// Data that could not be written can be now.
//#data: limits read-by=get
#ifdef PATCHED
int limits[] = { 1, 2, 3 };
#else
const int limits[] = { 1, 2, 3 };
#endif
void use(const int *p);
void get(void) { use(limits); }
