// The address of another member of a global structure.
//#changed: work relocation
extern struct { int a[4], b[4]; } state;
#ifdef PATCHED
void *work(void) { return &state.b; }
#else
void *work(void) { return &state.a[1]; }
#endif
