#include <stdio.h>

const char *greeting(void);

int main(void) {
#ifdef LOUD
    printf("%s!\n", greeting());
#else
    printf("%s\n", greeting());
#endif
}
