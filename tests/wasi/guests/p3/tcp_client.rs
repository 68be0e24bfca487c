// Sends its standard input to a port of this machine, and prints what comes back: tcp-client PORT.

use wasi::cli::{environment, stderr, stdin, stdout};
use wasi::sockets::types::{ErrorCode, IpAddressFamily, IpSocketAddress, Ipv4SocketAddress, TcpSocket};

wit_bindgen::generate!({ path: "wasi.wit", world: "tcp-client", generate_all });

struct TcpClient;
export!(TcpClient);

async fn talk(port: u16) -> Result<(), ErrorCode> {
    let socket = TcpSocket::create(IpAddressFamily::Ipv4)?;
    socket.connect(IpSocketAddress::Ipv4(Ipv4SocketAddress { port, address: (127, 0, 0, 1) })).await?;
    let (answer, received) = socket.receive();
    let printed = stdout::write_via_stream(answer);
    let (input, _) = stdin::read_via_stream();
    let sent = socket.send(input);
    let (sent, received, printed) = futures::join!(sent.into_future(), received.into_future(), printed.into_future());
    printed.map_err(|code| ErrorCode::Other(Some(format!("{code:?}"))))?;
    sent.and(received)
}

impl exports::wasi::cli::run::Guest for TcpClient {
    async fn run() -> Result<(), ()> {
        let port = environment::get_arguments().get(1).and_then(|arg| arg.parse().ok()).ok_or(())?;
        let Err(code) = talk(port).await else { return Ok(()) };
        let (mut writer, reader) = wit_stream::new();
        let written = stderr::write_via_stream(reader);
        writer.write_all(format!("{code:?}\n").into_bytes()).await;
        drop(writer);
        let _ = written.await;
        Err(())
    }
}
