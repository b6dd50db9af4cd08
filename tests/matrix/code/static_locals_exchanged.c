// Two static locals of one name: a function counts the other way round.
//#changed: work *
int work(int x)
{
	int sum = 0;
	{
		static int count;
		if (x & 1)
			sum += ++count;
#ifndef PATCHED
		if (x & 2)
			sum += ++count * 3;
#endif
	}
	{
		static int count;
#ifdef PATCHED
		if (x & 2)
			sum += ++count * 3;
#endif
		if (x & 4)
			sum += ++count * 5;
	}
	return sum;
}
