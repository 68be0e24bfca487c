// A command that does what its first argument says.

use std::fmt::Write;
use std::pin::pin;

use futures::future::Either;
use guests::changed;
use wasi::cli::{environment, exit, stderr, stdin, stdout};
use wasi::clocks::{monotonic_clock, system_clock};
use wasi::random::random;

wit_bindgen::generate!({ path: "wasi.wit", world: "command", generate_all });

struct Command;
export!(Command);

/// Writes a text to standard output, and waits until it is written.
async fn print(text: String) -> Result<(), ()> {
    let (mut writer, reader) = wit_stream::new();
    let written = stdout::write_via_stream(reader);
    writer.write_all(text.into_bytes()).await;
    drop(writer);
    written.await.map_err(|_| ())
}

impl exports::wasi::cli::run::Guest for Command {
    async fn run() -> Result<(), ()> {
        let args = environment::get_arguments();
        let number = || args.get(2).and_then(|arg| arg.parse::<u64>().ok()).unwrap_or(0);
        match args.get(1).map(String::as_str) {
            // The host's stream is given back to the host.
            Some("cat") => {
                let (bytes, ended) = stdin::read_via_stream();
                let written = stdout::write_via_stream(bytes);
                written.await.map_err(|_| ())?;
                ended.await.map_err(|_| ())
            }
            // Each chunk comes through the guest's memory.
            Some("upper") => {
                let (bytes, ended) = stdin::read_via_stream();
                let (writer, reader) = wit_stream::new();
                let written = stdout::write_via_stream(reader);
                changed(bytes, writer, |chunk| chunk.make_ascii_uppercase()).await;
                written.await.map_err(|_| ())?;
                ended.await.map_err(|_| ())
            }
            // Reads so many bytes, and drops the stream.
            Some("head") => {
                let (mut bytes, ended) = stdin::read_via_stream();
                let mut head = Vec::new();
                while let Some(byte) = bytes.next().await {
                    head.push(byte);
                    if head.len() as u64 == number() {
                        break;
                    }
                }
                drop(bytes);
                ended.await.map_err(|_| ())?;
                print(String::from_utf8(head).map_err(|_| ())?).await
            }
            Some("lines") => {
                let (bytes, ended) = stdin::read_via_stream();
                let bytes = bytes.collect().await;
                let lines = bytes.iter().filter(|&&byte| byte == b'\n').count();
                let end = if ended.await.is_ok() { "the end" } else { "a failure" };
                print(format!("{lines} lines, {} bytes, {end}\n", bytes.len())).await
            }
            Some("args") => {
                let mut text = format!("{:?} in {:?}\n", args, environment::get_initial_cwd());
                for (name, value) in environment::get_environment() {
                    let _ = writeln!(text, "{name}={value}");
                }
                print(text).await
            }
            // Two waits at once: the longer one is given up when the shorter one is over.
            Some("clocks") => {
                let before = monotonic_clock::now();
                let (short, long) =
                    (pin!(monotonic_clock::wait_for(1_000_000)), pin!(monotonic_clock::wait_for(3_600_000_000_000)));
                let first = match futures::future::select(long, short).await {
                    Either::Left(_) => "1 h before 1 ms",
                    Either::Right(_) => "1 ms before 1 h",
                };
                monotonic_clock::wait_until(before + 10_000_000).await;
                let kept = monotonic_clock::now() - before >= 10_000_000;
                print(format!("{first}\n{kept} {}\n", system_clock::now().seconds)).await
            }
            Some("random") => {
                let bytes = random::get_random_bytes(number());
                let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                print(format!("{hex}\n{}\n", random::get_random_u64())).await
            }
            Some("both") => {
                let (mut writer, reader) = wit_stream::new();
                let written = stderr::write_via_stream(reader);
                let (left, ()) = futures::join!(writer.write_all(b"to stderr\n".into()), async {
                    let _ = print("to stdout\n".into()).await;
                });
                drop(writer);
                if left.is_empty() { written.await.map_err(|_| ()) } else { Err(()) }
            }
            Some("exit") => {
                print("before\n".into()).await?;
                exit::exit_with_code(number() as u8);
                print("after\n".into()).await
            }
            // Returns, and goes on for a while.
            Some("after") => {
                wit_bindgen::spawn_local(async {
                    monotonic_clock::wait_for(2_000_000).await;
                    let _ = print("after the return\n".into()).await;
                });
                print("before the return\n".into()).await
            }
            // While the host reads what this guest has not written.
            Some("panic") => {
                let (_writer, reader) = wit_stream::new();
                let _written = stdout::write_via_stream(reader);
                monotonic_clock::wait_for(1_000_000).await;
                panic!("as asked")
            }
            _ => Err(()),
        }
    }
}
