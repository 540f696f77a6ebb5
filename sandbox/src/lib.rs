//! Runs actions in network-off namespaces.
