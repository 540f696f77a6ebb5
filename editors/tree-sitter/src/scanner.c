// What the grammar cannot say by itself: where an item ends, and what ends a string.

#include "tree_sitter/parser.h"

#include <stdlib.h>
#include <string.h>
#include <wctype.h>

enum TokenType {
  NEWLINE,
  STRING_OPEN,
  SHELL_OPEN,
  STRING_CONTENT,
  SHELL_CONTENT,
  INTERPOLATION_OPEN,
  STRING_CLOSE,
  ERROR_SENTINEL,
};

// The parser goes 32 strings deep.
#define DEPTH_MAX 32

// A string that is open. It ends with its quotes and as many `#` as it began with.
typedef struct {
  uint8_t hashes;
  bool triple;
  bool shell;
} Open;

typedef struct {
  uint8_t depth;
  Open open[DEPTH_MAX];
} Scanner;

void *tree_sitter_kiln_external_scanner_create(void) { return calloc(1, sizeof(Scanner)); }

void tree_sitter_kiln_external_scanner_destroy(void *payload) { free(payload); }

unsigned tree_sitter_kiln_external_scanner_serialize(void *payload, char *buffer) {
  Scanner *scanner = payload;
  unsigned size = 0;
  for (unsigned i = 0; i < scanner->depth; i++) {
    buffer[size++] = (char)scanner->open[i].hashes;
    buffer[size++] = (char)(scanner->open[i].triple | scanner->open[i].shell << 1);
  }
  return size;
}

void tree_sitter_kiln_external_scanner_deserialize(void *payload, const char *buffer,
                                                   unsigned length) {
  Scanner *scanner = payload;
  scanner->depth = 0;
  for (unsigned i = 0; i + 1 < length && scanner->depth < DEPTH_MAX; i += 2) {
    Open *open = &scanner->open[scanner->depth++];
    open->hashes = (uint8_t)buffer[i];
    open->triple = buffer[i + 1] & 1;
    open->shell = buffer[i + 1] >> 1 & 1;
  }
}

static bool is_name(int32_t c) { return iswalnum((wint_t)c) || c == '_' || c == '-'; }

// Reads a name into `word`, as much of it as fits.
static void read_name(TSLexer *lexer, char *word, unsigned size) {
  unsigned length = 0;
  while (is_name(lexer->lookahead)) {
    if (length + 1 < size) word[length++] = (char)lexer->lookahead;
    lexer->advance(lexer, false);
  }
  word[length] = 0;
}

static void skip_blanks(TSLexer *lexer) {
  while (lexer->lookahead == ' ' || lexer->lookahead == '\t') lexer->advance(lexer, false);
}

// Whether `=>` or `,` comes next: what was read is the pattern of an arm.
static bool is_pattern(TSLexer *lexer) {
  skip_blanks(lexer);
  if (lexer->lookahead == ',') return true;
  if (lexer->lookahead != '=') return false;
  lexer->advance(lexer, false);
  return lexer->lookahead == '>';
}

// At the beginning of a line: whether the item above goes on in it.
static bool goes_on(TSLexer *lexer, bool string_may_follow) {
  char word[8];
  if (lexer->lookahead == '.') {
    lexer->advance(lexer, false);
    if (!is_name(lexer->lookahead)) return false;
    read_name(lexer, word, sizeof word);
    return !is_pattern(lexer);
  }
  if (lexer->lookahead == 'e' || lexer->lookahead == 't') {
    read_name(lexer, word, sizeof word);
    return (!strcmp(word, "else") || !strcmp(word, "then")) && !is_pattern(lexer);
  }
  (void)string_may_follow;
  return false;
}

static bool scan_open(Scanner *scanner, TSLexer *lexer) {
  Open open = {0, false, false};
  if (lexer->lookahead == 's') {
    lexer->advance(lexer, false);
    if (lexer->lookahead != 'h') return false;
    lexer->advance(lexer, false);
    open.shell = true;
  }
  while (lexer->lookahead == '#' && open.hashes < 255) {
    lexer->advance(lexer, false);
    open.hashes++;
  }
  if (lexer->lookahead != '"' || scanner->depth >= DEPTH_MAX) return false;
  lexer->advance(lexer, false);
  lexer->mark_end(lexer);
  if (lexer->lookahead == '"') {
    lexer->advance(lexer, false);
    if (lexer->lookahead == '"') {
      lexer->advance(lexer, false);
      lexer->mark_end(lexer);
      open.triple = true;
    }
  }
  scanner->open[scanner->depth++] = open;
  lexer->result_symbol = open.shell ? SHELL_OPEN : STRING_OPEN;
  return true;
}

// Text of a string, or what ends it or begins an interpolation in it.
static bool scan_content(Scanner *scanner, TSLexer *lexer) {
  Open open = scanner->open[scanner->depth - 1];
  bool any = false;
  lexer->mark_end(lexer);
  for (;;) {
    if (lexer->eof(lexer) || (!open.triple && lexer->lookahead == '\n')) {
      // A string without an end: it ends here.
      lexer->mark_end(lexer);
      if (any) break;
      scanner->depth--;
      lexer->result_symbol = STRING_CLOSE;
      return true;
    }
    if (lexer->lookahead == '"') {
      unsigned quotes = 0;
      while (lexer->lookahead == '"' && (open.triple || quotes < 1)) {
        lexer->advance(lexer, false);
        quotes++;
        // In `"""…""""` the last three quotes close: those before are text.
        if (open.triple && quotes > 3 && open.hashes == 0) {
          any = true;
        }
      }
      unsigned hashes = 0;
      while (lexer->lookahead == '#' && hashes < open.hashes) {
        lexer->advance(lexer, false);
        hashes++;
      }
      if (quotes >= (open.triple ? 3u : 1u) && hashes == open.hashes) {
        if (any && quotes <= 3) break;
        lexer->mark_end(lexer);
        scanner->depth--;
        lexer->result_symbol = STRING_CLOSE;
        return true;
      }
      any = true;
      lexer->mark_end(lexer);
      continue;
    }
    if (lexer->lookahead == '\\') {
      lexer->advance(lexer, false);
      unsigned hashes = 0;
      while (lexer->lookahead == '#' && hashes < open.hashes) {
        lexer->advance(lexer, false);
        hashes++;
      }
      if (hashes == open.hashes && lexer->lookahead == '(') {
        if (any) break;
        lexer->advance(lexer, false);
        lexer->mark_end(lexer);
        lexer->result_symbol = INTERPOLATION_OPEN;
        return true;
      }
      // An escaped character is no delimiter; shell text and `#` strings have none.
      if (!open.shell && open.hashes == 0 && lexer->lookahead != '\n' && !lexer->eof(lexer)) {
        lexer->advance(lexer, false);
      }
      any = true;
      lexer->mark_end(lexer);
      continue;
    }
    lexer->advance(lexer, false);
    any = true;
    lexer->mark_end(lexer);
  }
  lexer->result_symbol = open.shell ? SHELL_CONTENT : STRING_CONTENT;
  return any;
}

bool tree_sitter_kiln_external_scanner_scan(void *payload, TSLexer *lexer, const bool *valid) {
  Scanner *scanner = payload;
  if (valid[ERROR_SENTINEL]) return false;
  if ((valid[STRING_CONTENT] || valid[SHELL_CONTENT]) && scanner->depth > 0) {
    return scan_content(scanner, lexer);
  }
  bool string_may_follow = valid[STRING_OPEN] || valid[SHELL_OPEN];
  bool line_ended = false;
  while (iswspace((wint_t)lexer->lookahead) || lexer->lookahead == 0xfeff) {
    if (lexer->lookahead == '\n' && valid[NEWLINE]) {
      line_ended = true;
      break;
    }
    lexer->advance(lexer, true);
  }
  if (line_ended) {
    lexer->advance(lexer, true);
    lexer->mark_end(lexer);
    // Looks over empty lines and comments for the line that follows.
    for (;;) {
      while (iswspace((wint_t)lexer->lookahead)) lexer->advance(lexer, true);
      if (lexer->lookahead != '/') break;
      lexer->advance(lexer, false);
      if (lexer->lookahead != '/') break;
      while (lexer->lookahead != '\n' && !lexer->eof(lexer)) lexer->advance(lexer, false);
    }
    lexer->result_symbol = NEWLINE;
    // The message of a rule may stand on a line of its own.
    if (string_may_follow && lexer->lookahead == '"') return scan_open(scanner, lexer);
    return !goes_on(lexer, string_may_follow);
  }
  if (string_may_follow &&
      (lexer->lookahead == '"' || lexer->lookahead == '#' || lexer->lookahead == 's')) {
    return scan_open(scanner, lexer);
  }
  return false;
}
