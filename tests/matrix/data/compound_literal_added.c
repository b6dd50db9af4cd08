// A compound literal before the others: they are what they were.
//#changed: get *
#ifdef PATCHED
static const int *const first = (const int[]){ 7, 8, 9 };
#endif
static const int *const values = (const int[]){ 1, 2, 3, 4, 5 };
static const int *const others = (const int[]){ 11, 12, 13, 14, 15 };
int get(int i)
{
#ifdef PATCHED
	if (i > 30)
		return first[i & 1];
#endif
	return values[i];
}
int get_other(int i) { return others[i]; }
