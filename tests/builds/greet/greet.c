/* A comment. */
const char *greeting(void) { return "good day"; }
