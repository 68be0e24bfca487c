// Serves words:words with what WASI 0.3 gives.

use wasi::cli::environment::get_environment;

wit_bindgen::generate!({
    inline: "package test:inline; world words { import wasi:cli/environment@0.3.0; export test:words/words; }",
    path: ["wasi.wit", "words.wit"],
    generate_all,
});

struct Words;
export!(Words);

impl exports::test::words::words::Guest for Words {
    fn shout(text: String) -> String {
        text.to_uppercase()
    }

    fn lookup(name: String) -> Result<String, String> {
        let found = get_environment().into_iter().find(|(each, _)| *each == name);
        found.map(|(_, value)| value).ok_or_else(|| format!("no {name} is set"))
    }
}
