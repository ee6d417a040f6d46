//! `make bench`: Arengo beside others, and beside the floor, in one run on one machine.
//!
//! | part | what |
//! |---|---|
//! | [`inside`] | the core beside the floor, packet by packet, in this process |
//! | [`systems`] | every server, and how participants get into it |
//! | [`crowd`] | the light client: all participants in one thread with one socket |
//! | [`stay`] | one server with its participants, from the start to the end |
//! | [`plan`] | what is measured, in which order |
//! | [`report`] | the rows |
//! | [`figures`] | what follows from them: ratios, plots, and the page in docs/ |

mod crowd;
mod figures;
mod inside;
mod machine;
mod namespace;
mod plan;
mod process;
mod report;
mod stay;
mod systems;
mod usage;
mod voice;

use std::process::ExitCode;

pub use arengo_bench_channel::Failure;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["floor-server", ip, port] => floor_server(ip, port),
        ["page"] => machine::repository().and_then(|root| figures::publish(&root)),
        [] => plan::run(),
        _ => Err(
            "usage: arengo-bench [page], with QUICK, MINUTES, SOAK, SYSTEMS or PARTS in the environment"
                .into(),
        ),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("arengo-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn floor_server(ip: &str, port: &str) -> Result<(), Failure> {
    Ok(systems::serve_floor(ip.parse()?, port.parse()?)?)
}
