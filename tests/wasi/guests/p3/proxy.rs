// Sends each request on to the authority that its header `x-to` names, with its body and trailers,
// and gives the response back.

use wasi::http::client;
use wasi::http::types::{ErrorCode, Fields, Request, Response, Scheme};

wit_bindgen::generate!({ path: "wasi.wit", world: "proxy", generate_all });

struct Proxy;
export!(Proxy);

fn respond(status: u16, text: String) -> Response {
    let (mut writer, reader) = wit_stream::new();
    wit_bindgen::spawn_local(async move {
        writer.write_all(text.into_bytes()).await;
    });
    let (response, _sent) = Response::new(Fields::new(), Some(reader), wit_future::new(|| Ok(None)).1);
    let _ = response.set_status_code(status);
    response
}

impl exports::wasi::http::handler::Guest for Proxy {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        let fields = request.get_headers().clone();
        let Some(to) = fields.get("x-to").pop() else {
            return Ok(respond(400, "no x-to\n".into()));
        };
        // What belongs to the connection the request came by stays behind.
        for name in ["x-to", "host", "connection", "transfer-encoding"] {
            let _ = fields.delete(name);
        }
        let (method, path) = (request.get_method(), request.get_path_with_query());
        let (bytes, trailers) = Request::consume_body(request, wit_future::new(|| Ok(())).1);
        let (sent, _done) = Request::new(fields, Some(bytes), trailers, None);
        let authority = String::from_utf8_lossy(&to).into_owned();
        if sent.set_method(&method).is_err()
            || sent.set_scheme(Some(&Scheme::Http)).is_err()
            || sent.set_authority(Some(&authority)).is_err()
            || sent.set_path_with_query(path.as_deref()).is_err()
        {
            return Ok(respond(400, "no such request can be sent\n".into()));
        }
        Ok(client::send(sent).await.unwrap_or_else(|code| respond(502, format!("{code:?}\n"))))
    }
}
