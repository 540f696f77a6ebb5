/* The compiler driver: one program under several names, each of which runs one part of zig.
 *
 * Clang itself is called, not `zig cc`: so there is no cache to write, every flag means what it
 * means to clang, and all programs are linked with one and the same C library.
 *
 * TARGET, SYSROOT, BIN and ZIG are given as macros; FOREIGN: whether programs are for another
 * machine than the one that builds; and GLIBC: whether they are linked with glibc, which is there
 * when they run. With SYMBOLS, programs keep symbols and what debuggers read.
 *
 * With SHARED, programs find shared libraries: LD_RUN_PATH of the environment has folders with some,
 * and the linker writes into a program those of them that it takes one from, and those of the
 * package itself, whose libraries are there later. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef SHARED
#include <sys/stat.h>
#endif

static const char *const nothing[] = {NULL};
static const char *const compile[] = {
    "--target=" TARGET,
    "--sysroot=" SYSROOT,
    "-resource-dir=" SYSROOT "/clang",
    /* Where clang finds the linker. */
    "-B" BIN,
#if !GLIBC
    "-static",
#endif
    /* Where a source was compiled is nobody's business, and another place elsewhere. */
    "-ffile-prefix-map=/build/src=.",
    "-rtlib=compiler-rt",
    "-unwindlib=none",
    "-Wno-unused-command-line-argument",
    /* What was a warning for decades is an error now; old sources mean it as it was. */
    "-Wno-error=implicit-function-declaration",
    "-Wno-error=implicit-int",
    "-Wno-error=int-conversion",
    "-Wno-error=incompatible-function-pointer-types",
    NULL,
};

static const struct {
    const char *name;
    const char *part;
    const char *const *args;
} tools[] = {
    {"cc", "clang", compile},
    {"gcc", "clang", compile},
    {"clang", "clang", compile},
    {"cpp", "clang", compile},
    {"ld", "ld.lld", nothing},
    {"ld.lld", "ld.lld", nothing},
    {"ar", "ar", nothing},
    {"ranlib", "ranlib", nothing},
};

#ifdef SHARED
/* Whether the arguments of a linker name a shared library of a folder. */
static int takes_from(const char *folder, int argc, char **argv) {
    size_t length = strlen(folder);
    for (int at = 1; at < argc; at++) {
        const char *arg = argv[at];
        if (strncmp(arg, folder, length) == 0 && arg[length] == '/') {
            if (strstr(arg + length, ".so")) return 1;
        } else if (strncmp(arg, "-l", 2) == 0 && arg[2]) {
            char library[4096];
            struct stat found;
            int size = snprintf(library, sizeof library, "%s/lib%s.so", folder, arg + 2);
            if (size < (int)sizeof library && stat(library, &found) == 0) return 1;
        }
    }
    return 0;
}

/* Adds the folders in which the loader finds what a program is linked with. */
static int add_run_path(char **args, int count, char *folders, int argc, char **argv) {
    const char *out = getenv("out");
    /* What a version script names need not be there, as for other linkers. */
    args[count++] = "--undefined-version";
    for (char *at = strtok(folders, ":"); at; at = strtok(NULL, ":")) {
        int is_own = out && *out && strncmp(at, out, strlen(out)) == 0;
        if (!is_own && !takes_from(at, argc, argv)) continue;
        args[count++] = "-rpath";
        args[count++] = at;
    }
    return count;
}
#endif

int main(int argc, char **argv) {
    const char *slash = strrchr(argv[0], '/');
    const char *name = slash ? slash + 1 : argv[0];

    /* Programs are linked without symbols (see below), so there is nothing to strip. */
    if (strcmp(name, "strip") == 0) return 0;

    for (size_t tool = 0; tool < sizeof tools / sizeof *tools; tool++) {
        if (strcmp(name, tools[tool].name) != 0) continue;
        /* For another machine, clang does not look at LIBRARY_PATH: its folders become arguments. */
        const char *given = FOREIGN && tools[tool].args == compile ? getenv("LIBRARY_PATH") : NULL;
        char *path = given ? strdup(given) : NULL;
        size_t folders = path ? strlen(path) : 0;
#ifdef SHARED
        const char *run_path = tools[tool].args == nothing ? getenv("LD_RUN_PATH") : NULL;
        char *run = strdup(run_path ? run_path : "");
        if (!run) {
            perror(name);
            return 127;
        }
        folders += strlen(run);
#endif
        char **args = calloc((size_t)argc + 32 + folders, sizeof *args);
        if (!args) {
            perror(name);
            return 127;
        }
        int count = 0;
        args[count++] = ZIG;
        args[count++] = (char *)tools[tool].part;
        for (int at = 0; tools[tool].args[at]; at++) args[count++] = (char *)tools[tool].args[at];
        if (strcmp(name, "cpp") == 0) args[count++] = "-E";
        for (int at = 1; at < argc; at++) {
#if GLIBC
            if (tools[tool].args == compile && strncmp(argv[at], "-static", 7) == 0
                && (!argv[at][7] || strcmp(argv[at] + 7, "-pie") == 0)) {
                fprintf(stderr, "%s: %s is for musl: programs have glibc from the machine that they "
                    "run on; leave it out, or set `toolchain.libc = musl`\n", name, argv[at]);
                return 1;
            }
#endif
            args[count++] = argv[at];
        }
        for (char *at = path ? strtok(path, ":") : NULL; at; at = strtok(NULL, ":")) {
            args[count++] = "-L";
            args[count++] = at;
        }
        if (strcmp(name, "ld") == 0 || strcmp(name, "ld.lld") == 0) {
#ifdef SHARED
            count = add_run_path(args, count, run, argc, argv);
#endif
#ifndef SYMBOLS
            /* Symbols and debugging information are left out, as `install -s` would. */
            args[count++] = "-s";
#endif
            /* Merged strings would stand in the order of their hashes, and one of them is the
             * path of the output, which is another one when the output is there. */
            args[count++] = "-O0";
        }
        execv(ZIG, args);
        perror(ZIG);
        return 127;
    }
    fprintf(stderr, "%s: the compiler driver is not called by a name that it knows\n", name);
    return 127;
}
