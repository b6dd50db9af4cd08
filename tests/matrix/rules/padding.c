// Functions and loops with another alignment: other NOPs inside and between them.
//#rule: padding
//#patched-flags: -falign-functions=64
//#patched-flags[gcc]: -falign-loops=32:31 -falign-jumps=32:31
//#patched-flags[clang]: -falign-loops=32
//#unchanged
int first(const int *p, int n)
{
	int sum = 0;
	for (int i = 0; i < n; i++)
		sum += p[i] * p[i];
	return sum;
}
int second(const int *p, int n)
{
	int sum = 1;
	while (n--)
		sum *= *p++;
	return sum;
}
