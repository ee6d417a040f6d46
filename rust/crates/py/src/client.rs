//! Class `Client`.

use std::os::fd::{AsRawFd, RawFd};

use arengo_client::ClientOptions;
use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};

/// A headless participant.
#[pyclass(frozen, module = "arengo.media._core")]
pub struct Client {
    client: arengo_client::Client,
}

#[pymethods]
impl Client {
    #[new]
    #[pyo3(signature = (*, send, receive_lines, red=None, nack=false))]
    fn new(
        py: Python<'_>,
        send: bool,
        receive_lines: usize,
        red: Option<usize>,
        nack: bool,
    ) -> PyResult<Self> {
        let options = ClientOptions {
            send,
            receive_lines,
            red,
            nack,
        };
        let client = py
            .detach(|| arengo_client::Client::new(options))
            .map_err(|error| PyOSError::new_err(error.to_string()))?;
        Ok(Self { client })
    }

    fn offer(&self, py: Python<'_>) -> String {
        py.detach(|| self.client.offer())
    }

    fn answer(&self, py: Python<'_>, sdp: &str) -> PyResult<()> {
        py.detach(|| self.client.answer(sdp))
            .map_err(|error| PyValueError::new_err(error.to_string()))
    }

    fn fileno(&self) -> RawFd {
        self.client.as_raw_fd()
    }

    fn state(&self) -> &'static str {
        self.client.state().as_str()
    }

    fn send_opus(
        &self,
        py: Python<'_>,
        packets: Vec<Vec<u8>>,
        level_dbov: Vec<i32>,
    ) -> PyResult<usize> {
        py.detach(|| self.client.send_opus(&packets, &level_dbov))
            .map_err(|error| PyValueError::new_err(error.to_string()))
    }

    fn queued(&self, py: Python<'_>) -> usize {
        py.detach(|| self.client.queued())
    }

    fn clear(&self, py: Python<'_>) {
        py.detach(|| self.client.clear());
    }

    fn received<'py>(&self, py: Python<'py>, most: usize) -> PyResult<Bound<'py, PyList>> {
        let received = py.detach(|| self.client.received(most));
        let list = PyList::empty(py);
        for packet in &received {
            list.append((
                packet.line,
                packet.csrc,
                packet.timestamp,
                packet.sequence,
                PyBytes::new(py, &packet.opus),
            ))?;
        }
        Ok(list)
    }

    fn tally(&self, py: Python<'_>) -> (u64, u64, u64) {
        let tally = py.detach(|| self.client.tally());
        (tally.lost, tally.recovered, tally.played)
    }

    fn close(&self, py: Python<'_>) {
        py.detach(|| self.client.close());
    }
}
