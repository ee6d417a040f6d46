#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| arengo_fuzz::bodies::red(data));
