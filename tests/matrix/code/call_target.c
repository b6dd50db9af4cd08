// A call of another function.
//#changed: work relocation
void one(void), two(void);
void work(void)
{
#ifdef PATCHED
	two();
#else
	one();
#endif
	two();
}
