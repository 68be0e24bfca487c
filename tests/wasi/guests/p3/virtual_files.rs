// A file system for another guest over the host's. Files below a preopened directory whose name
// ends with "sealed" are kept in another form: each byte is changed on its way in and out.
//
// A stream is changed while the other guest reads or writes it, which takes a task. Functions that
// are not async have none: the task is that of `open-at`, which goes on until the file is dropped.

use exports::wasi::filesystem::{preopens, types};
use futures::channel::mpsc::{UnboundedSender, unbounded};
use futures::future::LocalBoxFuture;
use futures::stream::StreamExt;
use guests::changed;
use types::{
    Descriptor, DescriptorFlags, DescriptorStat, DescriptorType, DirectoryEntry, ErrorCode, OpenFlags, PathFlags,
};
use wasi::filesystem::{preopens::get_directories, types as host};
use wit_bindgen::{FutureReader, StreamReader};

// Types that are imported and exported are the same here.
wit_bindgen::generate!({
    path: "wasi.wit",
    world: "virtual-files",
    generate_all,
    merge_structurally_equal_types: true,
});

struct Virtual;
export!(Virtual);

type Answer<T> = Result<T, ErrorCode>;

/// What a byte is kept as, and back.
fn seal(bytes: &mut Vec<u8>) {
    bytes.iter_mut().for_each(|byte| *byte ^= 0xa5);
}

/// A file or a directory of the host's.
struct File {
    inner: host::Descriptor,
    is_sealed: bool,
    /// Where to send what is to be done in its task; what is preopened has none.
    work: Option<UnboundedSender<LocalBoxFuture<'static, ()>>>,
}

impl File {
    /// A stream whose bytes are those of another one in the other form.
    fn resealed(&self, bytes: StreamReader<u8>) -> StreamReader<u8> {
        if !self.is_sealed {
            return bytes;
        }
        let work = self.work.as_ref().expect("a preopened directory has no bytes");
        let (writer, reader) = wit_stream::new();
        let _ = work.unbounded_send(Box::pin(async move {
            changed(bytes, writer, seal).await;
        }));
        reader
    }
}

impl types::GuestDescriptor for File {
    fn read_via_stream(&self, offset: u64) -> (StreamReader<u8>, FutureReader<Answer<()>>) {
        let (bytes, ended) = self.inner.read_via_stream(offset);
        (self.resealed(bytes), ended)
    }
    fn write_via_stream(&self, data: StreamReader<u8>, offset: u64) -> FutureReader<Answer<()>> {
        self.inner.write_via_stream(self.resealed(data), offset)
    }
    fn append_via_stream(&self, data: StreamReader<u8>) -> FutureReader<Answer<()>> {
        self.inner.append_via_stream(self.resealed(data))
    }
    fn read_directory(&self) -> (StreamReader<DirectoryEntry>, FutureReader<Answer<()>>) {
        self.inner.read_directory()
    }
    async fn get_flags(&self) -> Answer<DescriptorFlags> {
        self.inner.get_flags().await
    }
    async fn get_type(&self) -> Answer<DescriptorType> {
        self.inner.get_type().await
    }
    async fn create_directory_at(&self, path: String) -> Answer<()> {
        self.inner.create_directory_at(path).await
    }
    async fn stat(&self) -> Answer<DescriptorStat> {
        self.inner.stat().await
    }
    async fn stat_at(&self, flags: PathFlags, path: String) -> Answer<DescriptorStat> {
        self.inner.stat_at(flags, path).await
    }
    async fn open_at(
        &self,
        path_flags: PathFlags,
        path: String,
        open_flags: OpenFlags,
        flags: DescriptorFlags,
    ) -> Answer<Descriptor> {
        let inner = self.inner.open_at(path_flags, path, open_flags, flags).await?;
        let (sender, mut receiver) = unbounded();
        wit_bindgen::spawn_local(async move {
            while let Some(work) = receiver.next().await {
                wit_bindgen::spawn_local(work);
            }
        });
        Ok(Descriptor::new(File { inner, is_sealed: self.is_sealed, work: Some(sender) }))
    }
    async fn unlink_file_at(&self, path: String) -> Answer<()> {
        self.inner.unlink_file_at(path).await
    }
}

impl types::Guest for Virtual {
    type Descriptor = File;
}

impl preopens::Guest for Virtual {
    fn get_directories() -> Vec<(Descriptor, String)> {
        let directories = get_directories().into_iter();
        directories
            .map(|(inner, name)| {
                let is_sealed = name.ends_with("sealed");
                (Descriptor::new(File { inner, is_sealed, work: None }), name)
            })
            .collect()
    }
}
