// A command line for another guest: its environment has a variable more and none of the host's
// secrets, its standard output goes to the host's standard error, its waits take a tenth.

use exports::wasi::{cli, clocks};
use wasi::cli::{environment, stderr};
use wasi::clocks::monotonic_clock;
use wit_bindgen::{FutureReader, StreamReader};

wit_bindgen::generate!({ path: "wasi.wit", world: "virtual-cli", generate_all });

struct Virtual;
export!(Virtual);

impl cli::environment::Guest for Virtual {
    fn get_environment() -> Vec<(String, String)> {
        let host = environment::get_environment().into_iter();
        let mut all: Vec<_> = host.filter(|(name, _)| !name.contains("SECRET")).collect();
        all.push(("VIRTUAL".into(), "yes".into()));
        all
    }
    fn get_arguments() -> Vec<String> {
        environment::get_arguments()
    }
    fn get_initial_cwd() -> Option<String> {
        Some("/virtual".into())
    }
}

impl cli::stdout::Guest for Virtual {
    // What the other guest writes does not come through this one.
    fn write_via_stream(data: StreamReader<u8>) -> FutureReader<Result<(), wasi::cli::types::ErrorCode>> {
        stderr::write_via_stream(data)
    }
}

impl clocks::monotonic_clock::Guest for Virtual {
    fn now() -> u64 {
        monotonic_clock::now() * 10
    }
    fn get_resolution() -> u64 {
        monotonic_clock::get_resolution() * 10
    }
    async fn wait_until(when: u64) {
        monotonic_clock::wait_until(when.div_ceil(10)).await
    }
    async fn wait_for(how_long: u64) {
        monotonic_clock::wait_for(how_long.div_ceil(10)).await
    }
}
