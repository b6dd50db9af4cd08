// A variable is inserted: what stands behind it moves, with the alignment that it needs.
//#flags[gcc]: -fno-toplevel-reorder
//#data-added: fresh
void use(const void *);
long first[4] = { 1, 2, 3, 4 };
#ifdef PATCHED
int fresh = 9;
#endif
int second = 5;
char third[3] = { 1, 2, 3 };
short fourth = 6;
long fifth = 7;
void get(void) { use(first); use(&second); use(third); use(&fourth); use(&fifth); }
