//! Layers, evaluation, solving, and derivations.
