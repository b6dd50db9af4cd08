// The end that is handed on comes one element earlier: that of a table behind which another one starts.
//#changed: find *
int probe(const int *, const int *);
static const int table[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 17 };
static const int behind[] = { 11, 12, 13, 14, 15, 16, 17, 18, 19 };
#ifdef PATCHED
#define COUNT 15
#else
#define COUNT 16
#endif
int find(void) { return probe(table, table + COUNT); }
int other(unsigned long i) { return behind[i]; }
