// A weak function changes as any other.
//#changed: work instruction
__attribute__((weak)) int work(int x)
{
#ifdef PATCHED
	return x * 3;
#else
	return x * 5;
#endif
}
