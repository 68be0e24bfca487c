// What a Rust program does with files, time, input and its exit code; run.ts knows what it prints.

use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::{env, fs, io, process, thread, time};

fn main() -> io::Result<()> {
    println!("args {:?}", env::args().skip(1).collect::<Vec<_>>());
    println!("env {:?}", env::vars().collect::<Vec<_>>());

    fs::create_dir_all("/data/sub/deep")?;
    fs::write("/data/sub/a.txt", "hello file\nsecond line\n")?;
    let mut end = fs::OpenOptions::new().append(true).open("/data/sub/a.txt")?;
    writeln!(end, "appended")?;
    drop(end);
    for line in BufReader::new(fs::File::open("/data/sub/a.txt")?).lines() {
        println!("line {}", line?);
    }
    let mut both = fs::OpenOptions::new().read(true).write(true).open("/data/sub/a.txt")?;
    both.seek(SeekFrom::Start(6))?;
    both.write_all(b"FILE")?;
    both.seek(SeekFrom::Start(0))?;
    let mut text = String::new();
    both.read_to_string(&mut text)?;
    println!("text {:?}", text);

    fs::rename("/data/sub/a.txt", "/data/sub/deep/b.txt")?;
    for entry in fs::read_dir("/data/sub")? {
        let entry = entry?;
        println!("entry {:?} {}", entry.file_name(), entry.file_type()?.is_dir());
    }
    let found = fs::metadata("/data/sub/deep/b.txt")?;
    println!("metadata {} {}", found.len(), found.is_file());
    println!("missing {:?}", fs::read("/data/nowhere").unwrap_err().kind());
    println!("outside {} {}", fs::read("/etc/passwd").is_err(), fs::read("/data/../etc/passwd").is_err());
    println!("copied {}", fs::copy("/data/sub/deep/b.txt", "/data/copy.txt")?);
    fs::remove_file("/data/copy.txt")?;
    fs::remove_file("/data/sub/deep/b.txt")?;
    fs::remove_dir("/data/sub/deep")?;
    fs::remove_dir("/data/sub")?;
    println!("left {}", fs::read_dir("/data")?.count());

    let started = time::Instant::now();
    thread::sleep(time::Duration::from_millis(15));
    println!("slept {}", started.elapsed().as_millis() >= 15);
    println!("epoch {}", time::SystemTime::now() > time::UNIX_EPOCH + time::Duration::from_secs(1_700_000_000));
    let mut input = String::new();
    io::stdin().read_to_string(&mut input)?;
    println!("stdin {:?}", input);
    eprintln!("to stderr");
    process::exit(7)
}
