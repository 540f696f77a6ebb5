/* Says which DPDK drivers are linked into this program, and which numbers it was compiled with.
 *
 * Drivers say what they are called for `dpdk-pmdinfo.py`, in texts of the program's file. With
 * arguments, the library is set up by them first, and says how many devices there are. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_version.h>

static const char mark[] = "PMD_INFO_STRING= {\"name\": \"";

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int main(int argc, char **argv) {
    if (argc > 1 && rte_eal_init(argc, argv) < 0) return 1;

    FILE *file = fopen("/proc/self/exe", "rb");
    if (!file || fseek(file, 0, SEEK_END) != 0) return 1;
    size_t size = (size_t)ftell(file);
    char *text = calloc(size + 1, 1);
    rewind(file);
    if (!text || fread(text, 1, size, file) != size) return 1;

    char *names[512];
    size_t count = 0;
    for (char *at = text; at + sizeof mark < text + size && count < 512; at++) {
        if (memcmp(at, mark, sizeof mark - 1) != 0) continue;
        char *name = at + sizeof mark - 1;
        /* The text by which this program looks is one of its texts, too. */
        if (*name == '\0') continue;
        names[count++] = strndup(name, strcspn(name, "\""));
    }
    qsort(names, count, sizeof *names, by_name);

    printf("%s: at most %d ports and %d cores, %d bytes before a packet\n", rte_version(),
           RTE_MAX_ETHPORTS, RTE_MAX_LCORE, RTE_PKTMBUF_HEADROOM);
    if (argc > 1) printf("%d devices\n", rte_eth_dev_count_avail());
    printf("drivers:");
    for (size_t at = 0; at < count; at++) printf(" %s", names[at]);
    printf("\n");
    return 0;
}
