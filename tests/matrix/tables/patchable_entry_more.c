// The NOPs at its start are more.
//#changed: dispatch *
#ifdef PATCHED
#define NOPS 16
#else
#define NOPS 5
#endif
__attribute__((patchable_function_entry(NOPS)))
int dispatch(const void *ctx, int (*f)(const void *))
{
	return f(ctx) + 1;
}
