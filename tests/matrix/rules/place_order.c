// Functions and data in another order.
//#rule: place
//#flags[gcc]: -fno-toplevel-reorder
//#unchanged
void use(const void *, int);
int first(int), second(int);
#ifdef PATCHED
static int data_two[] = { 4, 5, 6 };
static const char table_one[] = { 1, 2, 3 };
static int data_one[] = { 1, 2, 3 };
int second(int x) { use(data_two, x); use("second", 2); return first(x) * 3; }
int first(int x) { use(data_one, x); use("first", table_one[x]); return x * 2; }
#else
static int data_one[] = { 1, 2, 3 };
static const char table_one[] = { 1, 2, 3 };
static int data_two[] = { 4, 5, 6 };
int first(int x) { use(data_one, x); use("first", table_one[x]); return x * 2; }
int second(int x) { use(data_two, x); use("second", 2); return first(x) * 3; }
#endif
