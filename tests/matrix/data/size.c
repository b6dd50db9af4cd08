// A larger buffer, all zeros.
//#data: buffer read-by=get
#ifdef PATCHED
char buffer[96];
#else
char buffer[64];
#endif
void use(char *p);
void get(void) { use(buffer); }
