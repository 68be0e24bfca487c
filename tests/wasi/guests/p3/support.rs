// What several guests do alike.

pub use wit_bindgen::StreamReader;
use wit_bindgen::{StreamResult, StreamWriter};

/// How many bytes a guest asks for at a time.
const CHUNK: usize = 65_536;

/// Gives each chunk of a stream to `change`, and writes what comes of it to another stream.
/// Ends with either stream; gives how many bytes were written.
pub async fn changed(
    mut from: StreamReader<u8>,
    mut to: StreamWriter<u8>,
    mut change: impl FnMut(&mut Vec<u8>),
) -> usize {
    let mut written = 0;
    loop {
        let (result, mut chunk) = from.read(Vec::with_capacity(CHUNK)).await;
        if !matches!(result, StreamResult::Complete(_)) {
            return written;
        }
        change(&mut chunk);
        let length = chunk.len();
        let left = to.write_all(chunk).await.len();
        written += length - left;
        if left > 0 {
            return written;
        }
    }
}
