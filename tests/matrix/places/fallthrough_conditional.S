// A function ends with a conditional jump; where it is not taken another function follows.
//#changed: f fall-through,*
#define BODY test %edi, %edi; jz out
#include "followed.inc"
