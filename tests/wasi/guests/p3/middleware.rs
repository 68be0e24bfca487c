// Hands each request on to the handler that it imports, with a header and a trailer more, and adds a
// header to the response. Bodies go through without coming into this guest's memory.

use wasi::http::handler;
use wasi::http::types::{ErrorCode, Fields, Request, Response};
use wit_bindgen::FutureReader;

wit_bindgen::generate!({ path: "wasi.wit", world: "middleware", generate_all });

/// What follows a body.
type Trailers = FutureReader<Result<Option<Fields>, ErrorCode>>;

struct Middleware;
export!(Middleware);

/// The fields of a message are immutable: a copy of them with one more.
fn with(fields: Fields, name: &str, value: &[u8]) -> Fields {
    let fields = fields.clone();
    let _ = fields.append(name, value);
    fields
}

/// Trailers with one more.
fn more(trailers: Trailers) -> Trailers {
    let (writer, reader) = wit_future::new(|| Ok(None));
    wit_bindgen::spawn_local(async move {
        let all = trailers.await.map(|fields| Some(with(fields.unwrap_or_else(Fields::new), "x-after", b"middleware")));
        let _ = writer.write(all).await;
    });
    reader
}

impl exports::wasi::http::handler::Guest for Middleware {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        let fields = with(request.get_headers(), "x-middleware", b"request");
        let (method, scheme) = (request.get_method(), request.get_scheme());
        let (authority, path) = (request.get_authority(), request.get_path_with_query());
        let (bytes, trailers) = Request::consume_body(request, wit_future::new(|| Ok(())).1);
        let (inner, _sent) = Request::new(fields, Some(bytes), more(trailers), None);
        inner
            .set_method(&method)
            .and(inner.set_scheme(scheme.as_ref()))
            .and(inner.set_authority(authority.as_deref()))
            .and(inner.set_path_with_query(path.as_deref()))
            .map_err(|()| ErrorCode::InternalError(None))?;

        let response = handler::handle(inner).await?;
        let status = response.get_status_code();
        let fields = with(response.get_headers(), "x-middleware", b"response");
        let (bytes, trailers) = Response::consume_body(response, wit_future::new(|| Ok(())).1);
        let (outer, _sent) = Response::new(fields, Some(bytes), trailers);
        outer.set_status_code(status).map_err(|()| ErrorCode::InternalError(None))?;
        Ok(outer)
    }
}
