// A command of WASI 0.3 that runs one of WASI 0.2, which it imports, and says how that ended.

use wasi::cli0_2_0::run::run;
use wasi::cli0_3_0::{environment::get_arguments, stdout};

wit_bindgen::generate!({
    inline: "package test:inline;
        world runs-older {
            import wasi:cli/run@0.2.0;
            import wasi:cli/environment@0.3.0;
            import wasi:cli/stdout@0.3.0;
            export wasi:cli/run@0.3.0;
        }",
    path: ["wasi.wit", "words.wit", "older.wit"],
    generate_all,
});

struct RunsOlder;
export!(RunsOlder);

async fn print(text: String) -> Result<(), ()> {
    let (mut writer, reader) = wit_stream::new();
    let written = stdout::write_via_stream(reader);
    writer.write_all(text.into_bytes()).await;
    drop(writer);
    written.await.map_err(|_| ())
}

impl exports::wasi::cli0_3_0::run::Guest for RunsOlder {
    async fn run() -> Result<(), ()> {
        print(format!("0.3 has {} arguments\n", get_arguments().len())).await?;
        let ended = run();
        print(format!("0.2 ended with {ended:?}\n")).await?;
        ended
    }
}
