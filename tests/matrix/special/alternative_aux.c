// Code beside the function (.altinstr_aux) that it jumps to: another bit is tested.
//#section: .altinstructions aux
//#changed: has_feature instruction
extern unsigned char capability;
#ifdef PATCHED
#define BIT "$4"
#else
#define BIT "$2"
#endif
int has_feature(void)
{
	asm goto("jmp 6f\n"
		 "\t.pushsection .altinstr_aux, \"ax\"\n"
		 "6:\ttestb " BIT ", capability\n\tjnz %l[yes]\n\tjmp %l[no]\n"
		 "\t.popsection\n" : : : : yes, no);
yes:
	return 12;
no:
	return 34;
}
