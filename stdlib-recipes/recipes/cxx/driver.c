/* The C++ compiler driver: the compiler of `cc` as a compiler and linker of C++, with libc++.
 *
 * CC and LIBRARY are given as macros. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *const given[] = {
    CC,
    "--driver-mode=g++",
    "-stdlib=libc++",
    /* In place of the folders that clang would look for. */
    "-stdlib++-isystem",
    LIBRARY "/include/c++/v1",
    "-L" LIBRARY "/lib",
};

int main(int argc, char **argv) {
    size_t count = sizeof given / sizeof *given;
    char **args = calloc(count + (size_t)argc + 1, sizeof *args);
    if (!args) {
        perror("c++");
        return 127;
    }
    for (size_t at = 0; at < count; at++) args[at] = (char *)given[at];
    for (int at = 1; at < argc; at++) args[count++] = argv[at];
    execv(CC, args);
    perror(CC);
    return 127;
}
