//! `arengo.media._core`: the media core and the headless client as Python sees them; `_core.pyi` is the contract.
//!
//! Nothing is decided here. Calls that may wait let other Python threads run meanwhile.

use pyo3::prelude::*;

mod client;
mod core;

pyo3::create_exception!(
    arengo.media._core,
    SdpRefused,
    pyo3::exceptions::PyException,
    "The offer cannot be answered: args are (code, detail)."
);
pyo3::create_exception!(
    arengo.media._core,
    MediaUnavailable,
    pyo3::exceptions::PyException,
    "The core cannot take the peer now: args are (code, detail)."
);

#[pymodule]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<core::Core>()?;
    module.add_class::<client::Client>()?;
    module.add("SdpRefused", module.py().get_type::<SdpRefused>())?;
    module.add(
        "MediaUnavailable",
        module.py().get_type::<MediaUnavailable>(),
    )?;
    Ok(())
}
