// A section that no rule and no reader knows, and that holds a place in a function, describes the instruction there.
//#changed: work instruction
#ifdef PATCHED
#define ENTRY "\t.quad 1b + 1\n"
#else
#define ENTRY "\t.quad 1b\n"
#endif
int work(int x)
{
	asm("1:\tincl %0\n\t.pushsection .unheard_of, \"a\"\n" ENTRY "\t.popsection\n" : "+r"(x));
	return x;
}
