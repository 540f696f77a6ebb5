//! Case folders, end-to-end builds and tidy checks.
