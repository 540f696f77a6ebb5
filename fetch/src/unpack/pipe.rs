//! A reader whose bytes are read, and decompressed, ahead by another thread.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// How many bytes are handed over at once: large enough that handing over costs nothing.
const CHUNK_BYTES: usize = 256 << 10;

/// How many chunks may be ready: a bomb inflates so much before anyone counts it.
const CHUNKS_AHEAD: usize = 4;

/// The reading end.
pub(crate) struct Pipe {
    chunks: Receiver<io::Result<Vec<u8>>>,
    /// Emptied chunks go back, so that their memory is used again.
    emptied: SyncSender<Vec<u8>>,
    chunk: Vec<u8>,
    at: usize,
}

impl Pipe {
    /// Calls `body` with a pipe that is filled from `source`, which is opened on the other thread.
    ///
    /// When `body` returns, the other thread stops after the chunk that it is at.
    pub(crate) fn run<T, R: Read>(
        open: impl FnOnce() -> io::Result<R> + Send,
        body: impl FnOnce(&mut Pipe) -> T,
    ) -> T {
        let (filled, chunks) = sync_channel(CHUNKS_AHEAD);
        let (emptied, empty) = sync_channel(CHUNKS_AHEAD + 2);
        std::thread::scope(|scope| {
            let failed = filled.clone();
            let filler = std::thread::Builder::new();
            if let Err(error) = filler.spawn_scoped(scope, move || fill(open, &filled, &empty)) {
                let _ = failed.send(Err(error));
            }
            drop(failed);
            // Moved in, so that the channel is closed before the scope waits for the thread.
            let mut pipe = Pipe { chunks, emptied, chunk: Vec::new(), at: 0 };
            body(&mut pipe)
        })
    }

    /// Returns some of the next bytes, at most so many, which then count as used; none at the end.
    pub(crate) fn next(&mut self, bytes_max: usize) -> io::Result<&[u8]> {
        if self.is_at_end()? {
            return Ok(&[]);
        }
        let from = self.at;
        self.at += (self.chunk.len() - from).min(bytes_max);
        Ok(&self.chunk[from..self.at])
    }

    /// Returns the bytes that are at hand already.
    pub(crate) fn chunk(&self) -> &[u8] {
        &self.chunk[self.at..]
    }

    /// Whether no bytes follow; waits until that is known.
    pub(crate) fn is_at_end(&mut self) -> io::Result<bool> {
        while self.at == self.chunk.len() {
            match self.chunks.recv() {
                Ok(Ok(chunk)) => {
                    let emptied = std::mem::replace(&mut self.chunk, chunk);
                    self.at = 0;
                    // The other thread may be gone; then nobody wants it.
                    let _ = self.emptied.try_send(emptied);
                }
                Ok(Err(error)) => return Err(error),
                Err(_) => return Ok(true),
            }
        }
        Ok(false)
    }
}

fn fill<R: Read>(
    open: impl FnOnce() -> io::Result<R>,
    filled: &SyncSender<io::Result<Vec<u8>>>,
    empty: &Receiver<Vec<u8>>,
) {
    let mut source = match open() {
        Ok(source) => source,
        Err(error) => {
            let _ = filled.send(Err(error));
            return;
        }
    };
    loop {
        let mut chunk = empty.try_recv().unwrap_or_default();
        chunk.clear();
        match source.by_ref().take(CHUNK_BYTES as u64).read_to_end(&mut chunk) {
            Ok(0) => return,
            // A failed send means that the reader wants no more.
            Ok(_) => {
                if filled.send(Ok(chunk)).is_err() {
                    return;
                }
            }
            Err(error) => {
                // What was read before the error is handed over first: a truncated archive is then
                // reported at the entry where it ends.
                if !chunk.is_empty() && filled.send(Ok(chunk)).is_err() {
                    return;
                }
                let _ = filled.send(Err(error));
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(pipe: &mut Pipe) -> io::Result<Vec<u8>> {
        let mut all = Vec::new();
        loop {
            // An odd count, so that chunks are used in parts.
            let bytes = pipe.next(100_003)?;
            if bytes.is_empty() {
                return Ok(all);
            }
            all.extend_from_slice(bytes);
        }
    }

    #[test]
    fn all_bytes_arrive_in_order() {
        let bytes: Vec<u8> =
            (0..3_000_000_u32).map(|it| it.wrapping_mul(2_654_435_761) as u8).collect();
        let arrived = Pipe::run(|| Ok(&*bytes), read_all).unwrap();
        assert!(arrived == bytes);
    }

    #[test]
    fn an_endless_source_ends_with_its_reader() {
        let first = Pipe::run(|| Ok(io::repeat(7)), |pipe| pipe.next(1).map(|it| it[0]));
        assert_eq!(first.unwrap(), 7);
    }

    #[test]
    fn an_error_arrives_after_the_bytes_before_it() {
        struct Broken(bool);
        impl Read for Broken {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                if std::mem::replace(&mut self.0, true) {
                    return Err(io::Error::other("broken"));
                }
                buffer[0] = 1;
                Ok(1)
            }
        }
        Pipe::run(
            || Ok(Broken(false)),
            |pipe| {
                assert_eq!(pipe.next(9).unwrap(), [1]);
                assert_eq!(pipe.next(9).unwrap_err().to_string(), "broken");
            },
        );
        let opened: io::Result<Broken> = Err(io::Error::other("shut"));
        Pipe::run(move || opened, |pipe| assert_eq!(pipe.next(9).unwrap_err().to_string(), "shut"));
    }
}
