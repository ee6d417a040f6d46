//! arengo-sim
