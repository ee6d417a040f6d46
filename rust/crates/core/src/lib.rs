//! arengo-core
