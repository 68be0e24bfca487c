// Gives back what each connection sends: echo-server [CONNECTIONS].
// Prints its port. Ends after so many connections, otherwise never.

use wasi::cli::{environment, stdout};
use wasi::sockets::types::{ErrorCode, IpAddressFamily, IpSocketAddress, Ipv4SocketAddress, TcpSocket};

wit_bindgen::generate!({ path: "wasi.wit", world: "echo-server", generate_all });

struct EchoServer;
export!(EchoServer);

async fn print(text: String) {
    let (mut writer, reader) = wit_stream::new();
    let written = stdout::write_via_stream(reader);
    writer.write_all(text.into_bytes()).await;
    drop(writer);
    let _ = written.await;
}

/// What a connection sends goes back to it; nothing of it comes through this guest's memory.
async fn echo(socket: TcpSocket) -> Result<(), ErrorCode> {
    let (bytes, received) = socket.receive();
    socket.send(bytes).await?;
    received.await
}

async fn serve() -> Result<(), ErrorCode> {
    let socket = TcpSocket::create(IpAddressFamily::Ipv4)?;
    socket.bind(IpSocketAddress::Ipv4(Ipv4SocketAddress { port: 0, address: (127, 0, 0, 1) }))?;
    let mut connections = socket.listen()?;
    let IpSocketAddress::Ipv4(address) = socket.get_local_address()? else { unreachable!() };
    print(format!("{}\n", address.port)).await;
    let mut count: usize = environment::get_arguments().get(1).and_then(|arg| arg.parse().ok()).unwrap_or(usize::MAX);
    let mut open = Vec::new();
    while count > 0 {
        let Some(connection) = connections.next().await else { break };
        open.push(wit_bindgen::spawn_local(echo(connection)));
        count -= 1;
    }
    drop((connections, socket));
    for each in open {
        if let Some(Err(code)) = each.await {
            print(format!("{code:?}\n")).await;
        }
    }
    Ok(())
}

impl exports::wasi::cli::run::Guest for EchoServer {
    async fn run() -> Result<(), ()> {
        if let Err(code) = serve().await {
            print(format!("{code:?}\n")).await;
            return Err(());
        }
        Ok(())
    }
}
