// Only the last element differs of unnamed data that is passed by address.
//#changed: give constant
#ifdef PATCHED
#define LAST 6
#else
#define LAST 5
#endif
void use(const int *p);
static const int *const values = (const int[]){ 1, 2, 3, 4, [40] = LAST };
static const int *const others = (const int[]){ 1, 2, 3, 4, [40] = 7 };
void give(void) { use(values); }
void give_other(void) { use(others); }
