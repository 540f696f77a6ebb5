//! Tests of fetching and unpacking as a whole: archives and servers are made by the tests.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed, which is all it can do")]

mod archive;
mod attack;
mod cache;
mod mirror;
mod property;
mod resume;
mod server;
mod tree;
mod unpack;
mod web;
