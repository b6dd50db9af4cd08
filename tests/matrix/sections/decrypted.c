// A variable is shared with the hypervisor in memory that is not encrypted.
//#data: shared read-by=get causes=section
#ifdef PATCHED
#define PLACE ".data..decrypted"
#else
#define PLACE ".data"
#endif
int shared[16] __attribute__((section(PLACE), aligned(64))) = { 1 };
void use(int *);
void get(void) { use(shared); }
