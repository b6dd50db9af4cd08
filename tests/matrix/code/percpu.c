// The segment of a memory operand.
//#changed: work instruction
extern int counter;
int work(void)
{
	int value;
#ifdef PATCHED
	asm("movl %%gs:counter, %0" : "=r"(value));
#else
	asm("movl %%fs:counter, %0" : "=r"(value));
#endif
	return value;
}
