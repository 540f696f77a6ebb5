//! Files that are part of the program: the standard recipes, and the pages of diagnostics.

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// Returns the contents of a file of a table; the tables are sorted by path.
pub(crate) fn find(
    table: &'static [(&'static str, &'static [u8])],
    path: &str,
) -> Option<&'static [u8]> {
    table.binary_search_by(|it| it.0.cmp(path)).ok().map(|it| table[it].1)
}
