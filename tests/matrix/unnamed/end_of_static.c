// Start and end of a named table are handed on; a table is inserted behind it, and who reads that.
//#added: user
//#data-added: mid
//#gap[clang plain|linked|cross]: without data sections the end of one object is taken for the start of the next
int probe(const int *, const int *);
static const int table[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 17 };
static const int behind[] = { 11, 12, 13, 14, 15, 16, 17, 18, 19 };
#ifdef PATCHED
static const int mid[] = { 5, 6, 7, 8, 9, 1, 2, 3, 4 };
#endif
int find(void) { return probe(table, table + 16); }
#ifdef PATCHED
int user(unsigned long i) { return mid[i]; }
#endif
int other(unsigned long i) { return behind[i]; }
