/* Says on which machine it believes to run, the root that a thread computes of its argument, and
 * what it reads. It ends with 3. */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>

static void *root(void *number) {
    *(double *)number = sqrt(*(double *)number);
    return number;
}

int main(int argc, char **argv) {
    struct utsname machine;
    double number = argc > 1 ? atof(argv[1]) : 0;
    char line[64] = "";
    pthread_t thread;
    if (uname(&machine) || !fgets(line, sizeof line, stdin)) return 1;
    if (pthread_create(&thread, NULL, root, &number) || pthread_join(thread, NULL)) return 1;
    printf("%s %g %s", machine.machine, number, line);
    return 3;
}
