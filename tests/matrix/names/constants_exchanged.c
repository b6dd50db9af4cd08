// Two constants of one name exchange their content, and with it their users: nobody uses what he did.
//#compilers: gcc
//#data: table.0 read-by=g
//#data: table.1 read-by=f
#ifdef PATCHED
#define F 2
#define G 1
#else
#define F 1
#define G 2
#endif
void use(const int *table);
void f(void)
{
	static const int table[] = { F, 3, 4, 5 };
	use(table);
}
void g(void)
{
	static const int table[] = { G, 3, 4, 5 };
	use(table);
	use(table + 1);
}
