// An HTTP handler that does what the request's path says.

use std::cell::Cell;

use guests::{StreamReader, changed};
use wasi::cli::stdout;
use wasi::clocks::monotonic_clock::wait_for;
use wasi::http::types::{ErrorCode, Fields, Request, Response};
use wit_bindgen::FutureReader;

wit_bindgen::generate!({ path: "wasi.wit", world: "handler", generate_all });

struct Handler;
export!(Handler);

/// What follows a body.
type Trailers = FutureReader<Result<Option<Fields>, ErrorCode>>;

thread_local! {
    /// How many requests this instance has begun to answer.
    static REQUESTS: Cell<u32> = const { Cell::new(0) };
    /// How many it answers now.
    static OPEN: Cell<u32> = const { Cell::new(0) };
}

async fn log(text: String) {
    let (mut writer, reader) = wit_stream::new();
    let written = stdout::write_via_stream(reader);
    writer.write_all(text.into_bytes()).await;
    drop(writer);
    let _ = written.await;
}

fn no_trailers() -> Trailers {
    wit_future::new(|| Ok(None)).1
}

fn respond(status: u16, contents: Option<StreamReader<u8>>, trailers: Trailers) -> Response {
    let fields = Fields::new();
    let _ = fields.append("x-handler", b"rust");
    let (response, _sent) = Response::new(fields, contents, trailers);
    let _ = response.set_status_code(status);
    response
}

fn text(status: u16, text: String) -> Response {
    let (mut writer, reader) = wit_stream::new();
    wit_bindgen::spawn_local(async move {
        writer.write_all(text.into_bytes()).await;
    });
    respond(status, Some(reader), no_trailers())
}

/// The body of a request; nobody is told how it was taken.
fn body(request: Request) -> (StreamReader<u8>, Trailers) {
    Request::consume_body(request, wit_future::new(|| Ok(())).1)
}

fn values(fields: &[(String, Vec<u8>)]) -> String {
    fields.iter().map(|(name, value)| format!("{name}: {}\n", String::from_utf8_lossy(value))).collect()
}

async fn answer(request: Request) -> Result<Response, ErrorCode> {
    let target = request.get_path_with_query().unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let number: u64 = query.parse().unwrap_or(0);
    Ok(match path {
        "/" => text(200, "Hello, world!\n".into()),
        "/status" => text(number as u16, String::new()),
        "/request" => {
            let about = format!(
                "{:?} {:?} {:?} {target}\n",
                request.get_method(),
                request.get_scheme(),
                request.get_authority(),
            );
            let fields = request.get_headers().copy_all();
            text(200, about + &values(&fields))
        }
        // The body and the trailers go back as they come, and never through this guest's memory.
        "/echo" => {
            let (bytes, trailers) = body(request);
            respond(200, Some(bytes), trailers)
        }
        // Each chunk comes through the guest's memory, as it arrives.
        "/upper" => {
            let (bytes, trailers) = body(request);
            let (writer, reader) = wit_stream::new();
            wit_bindgen::spawn_local(async move {
                changed(bytes, writer, |chunk| chunk.make_ascii_uppercase()).await;
            });
            respond(200, Some(reader), trailers)
        }
        // Takes the whole body, then says what it was, and how it ended.
        "/count" => {
            let (bytes, trailers) = body(request);
            let length = bytes.collect().await.len();
            let end = match trailers.await {
                Ok(Some(fields)) => values(&fields.copy_all()),
                Ok(None) => "no trailers\n".into(),
                Err(code) => format!("{code:?}\n"),
            };
            text(200, format!("{length} bytes\n{end}"))
        }
        // A body, then trailers of this guest's own.
        "/trailers" => {
            let (mut writer, reader) = wit_stream::new();
            let (ended, trailers) = wit_future::new(|| Ok(None));
            wit_bindgen::spawn_local(async move {
                writer.write_all(b"the body".to_vec()).await;
                drop(writer);
                let fields = Fields::new();
                let _ = fields.append("x-after", b"the body");
                let _ = ended.write(Ok(Some(fields))).await;
            });
            respond(200, Some(reader), trailers)
        }
        "/sleep" => {
            wait_for(number * 1_000_000).await;
            text(200, "slept\n".into())
        }
        // Waits until this instance answers so many requests at once.
        "/meet" => {
            while u64::from(OPEN.get()) < number {
                wait_for(1_000_000).await;
            }
            // The others still wait for this request to be seen by them.
            wait_for(10_000_000).await;
            text(200, format!("{number} of {}\n", REQUESTS.get()))
        }
        // Goes on after the response has been returned, until it is sent and some time after that.
        "/after" => {
            let (mut writer, reader) = wit_stream::new();
            let (response, sent) = Response::new(Fields::new(), Some(reader), no_trailers());
            let line = query.to_string();
            wit_bindgen::spawn_local(async move {
                writer.write_all(b"answered\n".to_vec()).await;
                drop(writer);
                let sent = sent.await;
                wait_for(5_000_000).await;
                log(format!("after {line}: {sent:?}\n")).await;
            });
            response
        }
        // Writes until nobody reads.
        "/endless" => {
            let (mut writer, reader) = wit_stream::new();
            wit_bindgen::spawn_local(async move {
                while writer.write_all(vec![b'.'; 65_536]).await.is_empty() {}
                log("nobody reads\n".into()).await;
            });
            respond(200, Some(reader), no_trailers())
        }
        // Breaks its body off.
        "/break" => {
            let (mut writer, reader) = wit_stream::new();
            let (ended, trailers) = wit_future::new(|| Ok(None));
            let (response, sent) = Response::new(Fields::new(), Some(reader), trailers);
            wit_bindgen::spawn_local(async move {
                writer.write_all(b"half".to_vec()).await;
                let code = ErrorCode::InternalError(Some("as asked".into()));
                let _ = ended.write(Err(code)).await;
                drop(writer);
                log(format!("broken off: {:?}\n", sent.await)).await;
            });
            response
        }
        "/fail" => return Err(ErrorCode::InternalError(Some("as asked".into()))),
        "/panic" => panic!("as asked"),
        _ => text(404, "no such route\n".into()),
    })
}

impl exports::wasi::http::handler::Guest for Handler {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        REQUESTS.set(REQUESTS.get() + 1);
        OPEN.set(OPEN.get() + 1);
        let answered = answer(request).await;
        OPEN.set(OPEN.get() - 1);
        answered
    }
}
