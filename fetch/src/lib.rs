//! Downloads by hash and unpacks safely.
