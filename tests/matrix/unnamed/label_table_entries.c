// Two places in such a table are exchanged, and no instruction is another one.
//#changed: run jump-table
extern int step(int);
#ifdef PATCHED
#define TABLE &&sub, &&add, &&halt
#else
#define TABLE &&add, &&sub, &&halt
#endif
int run(const unsigned char *pc, int acc)
{
	static const void *const jump[] = { TABLE };
	goto *jump[*pc++];
add:
	acc += *pc++;
	goto *jump[*pc++];
sub:
	acc -= step(*pc++);
	goto *jump[*pc++];
halt:
	return acc;
}
