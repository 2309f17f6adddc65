//! A real node with a real Python kernel and no cloud: the command line at its door, and programs that speak HTTP.

mod http;
mod jupyter;
mod local;
mod request;
mod support;
