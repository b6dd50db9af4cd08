// The NOPs stand in front of the function, where its callers do not come by.
//#changed: dispatch *
#ifdef PATCHED
#define BEFORE 5
#else
#define BEFORE 0
#endif
__attribute__((patchable_function_entry(5, BEFORE)))
int dispatch(const void *ctx, int (*f)(const void *))
{
	return f(ctx) + 1;
}
