//! Migrations, stepped through and simulated.

mod code;
mod model;
mod node;
mod simulation;
mod steps;
mod world;
