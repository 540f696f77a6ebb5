/* audit-glibc VERSION PATH…: whether all programs and libraries below these paths run with a glibc
 * of this version. What an ELF file needs of which version of a library stands in its dynamic
 * section (`.gnu.version_r`); every file is looked at, whoever made it.
 *
 * Files that are no ELF files for 64 bits and little-endian machines need no glibc of the target.
 * Archives and objects have no versions before they are linked.
 *
 * It ends with 1 if a file needs more, and with 2 if it cannot tell. */
#define _GNU_SOURCE
#include <elf.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file in memory, and its part that is being read. */
struct image {
    const char *path;
    const unsigned char *bytes;
    size_t size;
    const Elf64_Phdr *segments;
    size_t segment_count;
};

static unsigned wanted_minor;
static const char *wanted;
/* The path that was given, which is left out of messages. */
static const char *root;
static int broken, failed;

static void unreadable(const char *path, const char *why) {
    fprintf(stderr, "audit: cannot tell what %s needs: %s\n", path, why);
    broken = 1;
}

/* `size` bytes at a place in the file, if there are so many; where numbers can be read. */
static const void *at(const struct image *it, uint64_t offset, uint64_t size) {
    if (offset > it->size || size > it->size - offset || offset % 4) return NULL;
    return it->bytes + offset;
}

/* As `at`, for an address that the file has when it runs. */
static const void *mapped(const struct image *it, uint64_t address, uint64_t size) {
    for (size_t n = 0; n < it->segment_count; n++) {
        const Elf64_Phdr *segment = &it->segments[n];
        if (segment->p_type != PT_LOAD || address < segment->p_vaddr) continue;
        uint64_t skipped = address - segment->p_vaddr;
        if (skipped > segment->p_filesz || size > segment->p_filesz - skipped) continue;
        if (segment->p_offset > it->size) continue;
        return at(it, segment->p_offset + skipped, size);
    }
    return NULL;
}

/* A text of the dynamic section, or a question mark. */
static const char *text(const struct image *it, uint64_t table, uint64_t size, uint64_t offset) {
    const char *texts = mapped(it, table & ~(uint64_t)3, size + (table & 3));
    if (!texts || offset >= size) return "?";
    texts += table & 3;
    return memchr(texts + offset, 0, size - offset) ? texts + offset : "?";
}

/* How many symbols there are, by the table that finds them by hash. */
static uint64_t symbol_count(const struct image *it, uint64_t hash, uint64_t gnu_hash) {
    const uint32_t *head = hash ? mapped(it, hash, 8) : NULL;
    if (head) return head[1];
    head = gnu_hash ? mapped(it, gnu_hash, 16) : NULL;
    if (!head) return 0;
    uint64_t buckets = gnu_hash + 16 + (uint64_t)head[2] * 8;
    const uint32_t *bucket = mapped(it, buckets, (uint64_t)head[0] * 4);
    uint64_t last = 0;
    for (uint32_t n = 0; bucket && n < head[0]; n++) if (bucket[n] > last) last = bucket[n];
    /* Without a hash there is none that is defined, and those that are needed come before. */
    if (last < head[1]) return head[1];
    for (;; last++) {
        const uint32_t *link = mapped(it, buckets + (uint64_t)head[0] * 4 + (last - head[1]) * 4, 4);
        if (!link || *link & 1) return last + 1;
    }
}

/* The second number of a version of glibc, 0 if it is none, and a great one if it is not known. */
static unsigned minor_of(const char *version) {
    if (strncmp(version, "GLIBC_", 6) != 0) return 0;
    if (strcmp(version, "GLIBC_ABI_DT_RELR") == 0) return 36;
    unsigned major, minor = 0;
    int end = 0, more = 0;
    if (sscanf(version + 6, "%u.%u%n", &major, &minor, &end) != 2 || major != 2) return 10000;
    /* Such as the last number of `GLIBC_2.2.5`. */
    if (version[6 + end] == '.' && sscanf(version + 6 + end, ".%*u%n", &more) == 0) end += more;
    return version[6 + end] ? 10000 : minor;
}

static void audit(const struct image *it) {
    const Elf64_Dyn *dynamic = NULL;
    uint64_t count = 0;
    for (size_t n = 0; n < it->segment_count; n++) {
        if (it->segments[n].p_type != PT_DYNAMIC) continue;
        count = it->segments[n].p_filesz / sizeof *dynamic;
        dynamic = at(it, it->segments[n].p_offset, count * sizeof *dynamic);
        if (!dynamic) return unreadable(it->path, "its dynamic section is cut off");
    }
    uint64_t needs = 0, need_count = 0, texts = 0, texts_size = 0;
    uint64_t symbols = 0, versions = 0, hash = 0, gnu_hash = 0;
    for (uint64_t n = 0; n < count && dynamic[n].d_tag != DT_NULL; n++) {
        uint64_t value = dynamic[n].d_un.d_val;
        switch (dynamic[n].d_tag) {
            case DT_VERNEED: needs = value; break;
            case DT_VERNEEDNUM: need_count = value; break;
            case DT_STRTAB: texts = value; break;
            case DT_STRSZ: texts_size = value; break;
            case DT_SYMTAB: symbols = value; break;
            case DT_VERSYM: versions = value; break;
            case DT_HASH: hash = value; break;
            case DT_GNU_HASH: gnu_hash = value; break;
        }
    }
    int said = 0;
    unsigned newest = 0;
    uint64_t total = symbols && versions ? symbol_count(it, hash, gnu_hash) : 0;
    for (uint64_t n = 0, place = needs; n < need_count; n++) {
        const Elf64_Verneed *need = mapped(it, place, sizeof *need);
        if (!need) return unreadable(it->path, "what it needs of libraries is cut off");
        const char *library = text(it, texts, texts_size, need->vn_file);
        uint64_t inner = place + need->vn_aux;
        for (unsigned m = 0; m < need->vn_cnt; m++) {
            const Elf64_Vernaux *aux = mapped(it, inner, sizeof *aux);
            if (!aux) return unreadable(it->path, "what it needs of libraries is cut off");
            const char *version = text(it, texts, texts_size, aux->vna_name);
            unsigned minor = minor_of(version);
            if (minor > wanted_minor) {
                if (!said++) {
                    fprintf(stderr, "audit: %s does not run with glibc %s, for it needs:\n",
                        it->path, wanted);
                }
                if (minor > newest) newest = minor;
                unsigned named = 0;
                for (uint64_t s = 0; s < total && named < 8; s++) {
                    const uint16_t *pair = mapped(it, (versions + s * 2) & ~(uint64_t)3, 2);
                    const Elf64_Sym *symbol = mapped(it, symbols + s * sizeof *symbol, sizeof *symbol);
                    if (!pair || !symbol) break;
                    uint16_t version_of = pair[((versions + s * 2) & 3) / 2] & 0x7fff;
                    if (version_of != (aux->vna_other & 0x7fff)) continue;
                    fprintf(stderr, "  %s@%s of %s\n",
                        text(it, texts, texts_size, symbol->st_name), version, library);
                    named++;
                }
                if (!named) fprintf(stderr, "  %s of %s\n", version, library);
                if (named == 8) fprintf(stderr, "  … of %s of %s\n", version, library);
            }
            if (!aux->vna_next) break;
            inner += aux->vna_next;
        }
        if (!need->vn_next) break;
        place += need->vn_next;
    }
    if (!said) return;
    failed = 1;
    if (newest < 10000) {
        fprintf(stderr, "  link it with the compiler of this build, or set `toolchain.glibc = 2.%u`\n",
            newest);
    } else {
        fprintf(stderr, "  these belong to one glibc alone: link it with the compiler of this build\n");
    }
}

static int look(const char *path, const struct stat *stat, int kind, struct FTW *place) {
    (void)place;
    struct image it = { .path = path, .size = (size_t)stat->st_size };
    size_t length = strlen(root);
    if (strncmp(path, root, length) == 0 && path[length] == '/') it.path = path + length + 1;
    if (kind == FTW_DNR || kind == FTW_NS) unreadable(path, "it cannot be read");
    if (kind != FTW_F || !S_ISREG(stat->st_mode) || it.size < sizeof(Elf64_Ehdr)) return 0;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        unreadable(it.path, "it cannot be opened");
        return 0;
    }
    void *bytes = mmap(NULL, it.size, PROT_READ, MAP_PRIVATE, file, 0);
    close(file);
    if (bytes == MAP_FAILED) {
        unreadable(it.path, "it cannot be mapped");
        return 0;
    }
    it.bytes = bytes;
    const Elf64_Ehdr *head = bytes;
    int is_linked = memcmp(head->e_ident, ELFMAG, SELFMAG) == 0
        && head->e_ident[EI_CLASS] == ELFCLASS64 && head->e_ident[EI_DATA] == ELFDATA2LSB
        && (head->e_type == ET_EXEC || head->e_type == ET_DYN);
    if (is_linked) {
        it.segment_count = head->e_phnum;
        it.segments = at(&it, head->e_phoff, it.segment_count * sizeof *it.segments);
        if (!it.segments || (it.segment_count && head->e_phentsize != sizeof *it.segments)) {
            unreadable(it.path, "its segments are cut off");
        } else {
            audit(&it);
        }
    }
    munmap(bytes, it.size);
    return 0;
}

int main(int argc, char **argv) {
    char after;
    if (argc < 3 || sscanf(argv[1], "2.%u%c", &wanted_minor, &after) != 1) {
        fprintf(stderr, "usage: audit-glibc 2.MINOR PATH…\n");
        return 2;
    }
    wanted = argv[1];
    for (int n = 2; n < argc; n++) {
        root = argv[n];
        if (nftw(root, look, 32, FTW_PHYS) != 0) {
            perror(root);
            return 2;
        }
    }
    return failed ? 1 : broken ? 2 : 0;
}
