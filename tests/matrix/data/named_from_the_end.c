// Named data that code walks from one past its end.
//#data: table read-by=sum
#ifdef PATCHED
#define LAST 5
#else
#define LAST 4
#endif
void use(const int *end);
static const int table[] = { 1, 2, 3, LAST };
static const int behind[] = { 21, 22, 23, 24 };
int get_other(unsigned long i) { return behind[i]; }
void sum(void) { use(table + 4); }
