// Copies a file, or a directory with all that is in it: copier FROM TO.
// A path begins with the name of a preopened directory.

use guests::StreamReader;
use wasi::cli::{environment, stderr, stdout};
use wasi::filesystem::preopens::get_directories;
use wasi::filesystem::types::{Descriptor, DescriptorFlags, DescriptorType, ErrorCode, OpenFlags, PathFlags};

wit_bindgen::generate!({ path: "wasi.wit", world: "copier", generate_all });

struct Copier;
export!(Copier);

/// What failed, and why.
type Failure = (String, ErrorCode);

fn at(path: &str) -> impl FnOnce(ErrorCode) -> Failure {
    let path = path.to_string();
    move |code| (path, code)
}

/// The preopened directory with the longest name that the path begins with, and the rest of it.
fn resolve<'a>(directories: &'a [(Descriptor, String)], path: &'a str) -> Option<(&'a Descriptor, &'a str)> {
    directories
        .iter()
        .filter_map(|(directory, name)| {
            let rest = path.strip_prefix(name.as_str())?;
            (rest.is_empty() || rest.starts_with('/')).then_some((directory, rest.trim_start_matches('/'), name.len()))
        })
        .max_by_key(|&(_, _, length)| length)
        .map(|(directory, rest, _)| (directory, if rest.is_empty() { "." } else { rest }))
}

async fn copy_file((from, from_path): (&Descriptor, &str), (to, to_path): (&Descriptor, &str)) -> Result<u64, Failure> {
    let source = from
        .open_at(PathFlags::empty(), from_path.into(), OpenFlags::empty(), DescriptorFlags::READ)
        .await
        .map_err(at(from_path))?;
    let open = OpenFlags::CREATE | OpenFlags::TRUNCATE;
    let target =
        to.open_at(PathFlags::empty(), to_path.into(), open, DescriptorFlags::WRITE).await.map_err(at(to_path))?;
    let (bytes, read) = source.read_via_stream(0);
    // Nothing of it comes through this guest's memory.
    target.write_via_stream(bytes, 0).await.map_err(at(to_path))?;
    read.await.map_err(at(from_path))?;
    Ok(target.stat().await.map_err(at(to_path))?.size)
}

async fn copy(from: (&Descriptor, &str), to: (&Descriptor, &str), log: &mut String) -> Result<(), Failure> {
    let stat = from.0.stat_at(PathFlags::empty(), from.1.into()).await.map_err(at(from.1))?;
    match stat.type_ {
        DescriptorType::RegularFile => {
            let size = copy_file(from, to).await?;
            log.push_str(&format!("{} ({size})\n", from.1));
            Ok(())
        }
        DescriptorType::Directory => {
            match to.0.create_directory_at(to.1.into()).await {
                Err(ErrorCode::Exist) => {}
                made => made.map_err(at(to.1))?,
            }
            let directory = from
                .0
                .open_at(PathFlags::empty(), from.1.into(), OpenFlags::DIRECTORY, DescriptorFlags::READ)
                .await
                .map_err(at(from.1))?;
            let (entries, listed) = directory.read_directory();
            let mut names: Vec<String> = entries.collect().await.into_iter().map(|entry| entry.name).collect();
            listed.await.map_err(at(from.1))?;
            names.sort();
            for name in names {
                let (inner, outer) = (format!("{}/{name}", from.1), format!("{}/{name}", to.1));
                Box::pin(copy((from.0, &inner), (to.0, &outer), log)).await?;
            }
            Ok(())
        }
        _ => Err((from.1.to_string(), ErrorCode::Unsupported)),
    }
}

/// A stream of a text. It is written while the other side reads.
fn bytes(text: String) -> StreamReader<u8> {
    let (mut writer, reader) = wit_stream::new();
    wit_bindgen::spawn_local(async move {
        writer.write_all(text.into_bytes()).await;
    });
    reader
}

impl exports::wasi::cli::run::Guest for Copier {
    async fn run() -> Result<(), ()> {
        let (args, directories) = (environment::get_arguments(), get_directories());
        let (Some(from), Some(to)) = (args.get(1), args.get(2)) else { return Err(()) };
        let (Some(source), Some(target)) = (resolve(&directories, from), resolve(&directories, to)) else {
            let _ = stderr::write_via_stream(bytes("no such directory is preopened\n".into())).await;
            return Err(());
        };
        let mut log = String::new();
        let copied = copy(source, target, &mut log).await;
        stdout::write_via_stream(bytes(log)).await.map_err(|_| ())?;
        if let Err((path, code)) = copied {
            let _ = stderr::write_via_stream(bytes(format!("{path}: {code:?}\n"))).await;
            return Err(());
        }
        Ok(())
    }
}
