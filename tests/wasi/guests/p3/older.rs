// A command of WASI 0.2: prints its arguments as the component says that serves words:words, and
// looks each up in that one's environment.

use test::words::words::{lookup, shout};
use wasi::cli::{environment::get_arguments, stdout::get_stdout};

wit_bindgen::generate!({ path: ["words.wit", "older.wit"], world: "test:older/older", generate_all });

struct Older;
export!(Older);

impl exports::wasi::cli::run::Guest for Older {
    fn run() -> Result<(), ()> {
        let mut found = true;
        for arg in get_arguments().iter().skip(1) {
            let value = lookup(arg);
            found &= value.is_ok();
            let line = format!("{} {value:?}\n", shout(arg));
            get_stdout().blocking_write_and_flush(line.as_bytes()).map_err(|_| ())?;
        }
        if found { Ok(()) } else { Err(()) }
    }
}
