/* nm [OPTION…] FILE…: the symbols of objects and archives, as POSIX's `nm` prints them without
 * options: value, kind and name, in the order of the file. Options are read and change nothing.
 *
 * Libtool asks it which symbols a library has, to export those that are meant for others. It reads
 * ELF files of machines with 64 bits and little-endian numbers, which are all that are made here.
 *
 * It ends with 1 if a file cannot be read or is neither object nor archive. */
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int failed;

static void complain(const char *path, const char *why) {
    fprintf(stderr, "nm: %s: %s\n", path, why);
    failed = 1;
}

/* The letter of a symbol: small for those that others do not see. */
static char kind_of(const Elf64_Sym *symbol, const Elf64_Shdr *sections, size_t count) {
    int is_weak = ELF64_ST_BIND(symbol->st_info) == STB_WEAK;
    int is_object = ELF64_ST_TYPE(symbol->st_info) == STT_OBJECT;
    if (symbol->st_shndx == SHN_UNDEF) return is_weak ? (is_object ? 'v' : 'w') : 'U';
    if (is_weak) return is_object ? 'V' : 'W';
    char kind = 'D';
    if (symbol->st_shndx == SHN_ABS) {
        kind = 'A';
    } else if (symbol->st_shndx == SHN_COMMON) {
        return 'C';
    } else if (symbol->st_shndx < count) {
        const Elf64_Shdr *section = &sections[symbol->st_shndx];
        if (section->sh_flags & SHF_EXECINSTR) kind = 'T';
        else if (section->sh_type == SHT_NOBITS) kind = 'B';
        else if (!(section->sh_flags & SHF_WRITE)) kind = 'R';
    }
    return ELF64_ST_BIND(symbol->st_info) == STB_LOCAL ? (char)(kind + 'a' - 'A') : kind;
}

/* Prints the symbols of an object: of its full table, or of what a linked one exports. */
static void object(const char *path, const unsigned char *bytes, size_t size) {
    Elf64_Ehdr head;
    if (size < sizeof head) return complain(path, "the object is cut off");
    memcpy(&head, bytes, sizeof head);
    if (head.e_ident[EI_CLASS] != ELFCLASS64 || head.e_ident[EI_DATA] != ELFDATA2LSB) {
        return complain(path, "the object is for a machine that is not known here");
    }
    size_t table = (size_t)head.e_shnum * sizeof(Elf64_Shdr);
    if (head.e_shoff > size || table > size - head.e_shoff) {
        return complain(path, "its sections are cut off");
    }
    /* Members of archives begin at even places only, so what has numbers is copied. */
    Elf64_Shdr *sections = malloc(table + 1);
    if (!sections) return complain(path, "there is no memory for its sections");
    memcpy(sections, bytes + head.e_shoff, table);
    const Elf64_Shdr *symbols = NULL;
    for (size_t n = 0; n < head.e_shnum; n++) {
        if (sections[n].sh_type == SHT_SYMTAB) symbols = &sections[n];
        if (sections[n].sh_type == SHT_DYNSYM && !symbols) symbols = &sections[n];
    }
    if (symbols && symbols->sh_link < head.e_shnum) {
        const Elf64_Shdr *texts = &sections[symbols->sh_link];
        int fits = symbols->sh_offset <= size && symbols->sh_size <= size - symbols->sh_offset
            && texts->sh_offset <= size && texts->sh_size <= size - texts->sh_offset;
        if (!fits) complain(path, "its symbols are cut off");
        for (size_t at = 0; fits && at + sizeof(Elf64_Sym) <= symbols->sh_size;
             at += sizeof(Elf64_Sym)) {
            Elf64_Sym symbol;
            memcpy(&symbol, bytes + symbols->sh_offset + at, sizeof symbol);
            int type = ELF64_ST_TYPE(symbol.st_info);
            if (type == STT_FILE || type == STT_SECTION || symbol.st_name >= texts->sh_size) continue;
            const char *name = (const char *)bytes + texts->sh_offset + symbol.st_name;
            if (!*name || !memchr(name, 0, texts->sh_size - symbol.st_name)) continue;
            char kind = kind_of(&symbol, sections, head.e_shnum);
            if (symbol.st_shndx == SHN_UNDEF) {
                printf("%16s %c %s\n", "", kind, name);
            } else {
                printf("%016lx %c %s\n", (unsigned long)symbol.st_value, kind, name);
            }
        }
    }
    free(sections);
}

/* Prints the symbols of each object of an archive. */
static void archive(const char *path, const unsigned char *bytes, size_t size) {
    size_t at = 8;
    while (at + 60 <= size) {
        const unsigned char *head = bytes + at;
        char digits[11] = {0};
        memcpy(digits, head + 48, 10);
        size_t length = strtoul(digits, NULL, 10);
        at += 60;
        if (length > size - at) return complain(path, "a member is cut off");
        /* What begins with a slash and ends there is a table of the archive itself. */
        int is_object = length > 4 && memcmp(bytes + at, ELFMAG, SELFMAG) == 0;
        if (is_object) {
            printf("\n%s:\n", path);
            object(path, bytes + at, length);
        }
        at += length + (length & 1);
    }
}

static void look(const char *path) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    struct stat stat;
    if (file < 0 || fstat(file, &stat) != 0) return complain(path, "it cannot be opened");
    size_t size = S_ISREG(stat.st_mode) ? (size_t)stat.st_size : 0;
    void *bytes = size ? mmap(NULL, size, PROT_READ, MAP_PRIVATE, file, 0) : MAP_FAILED;
    close(file);
    if (bytes == MAP_FAILED) return complain(path, "it is no object");
    if (size >= 8 && memcmp(bytes, "!<arch>\n", 8) == 0) {
        archive(path, bytes, size);
    } else if (size >= SELFMAG && memcmp(bytes, ELFMAG, SELFMAG) == 0) {
        object(path, bytes, size);
    } else {
        complain(path, "it is no object");
    }
    munmap(bytes, size);
}

int main(int argc, char **argv) {
    int files = 0;
    for (int n = 1; n < argc; n++) {
        if (argv[n][0] == '-') continue;
        files++;
        look(argv[n]);
    }
    if (!files) look("a.out");
    return failed;
}
