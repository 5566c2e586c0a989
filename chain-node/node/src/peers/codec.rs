//! The bytes of questions and answers between nodes: one byte that says what it is, four for the
//! length, then the body. A length beyond the limit is refused before a byte of it is read; a question's
//! is far below an answer's, because anyone may ask.

use std::io;

use async_trait::async_trait;
use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use libp2p::StreamProtocol;
use libp2p::request_response::Codec;

/// What travels in a call, both ways.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Frame {
    /// "Are you there?", and "yes".
    Probe,
    /// A call or its answer.
    Body(Vec<u8>),
    /// The answer is longer than allowed.
    TooLarge,
}

/// Reads and writes frames.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CallCodec {
    /// Bytes of a question.
    pub(crate) question_max: usize,
    /// Bytes of an answer.
    pub(crate) answer_max: usize,
}

fn malformed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "not a call")
}

async fn read(io: &mut (impl AsyncRead + Unpin + Send), max: usize) -> io::Result<Frame> {
    let mut kind = [0; 1];
    let mut length = [0; 4];
    io.read_exact(&mut kind).await?;
    io.read_exact(&mut length).await?;
    let length = u32::from_be_bytes(length);
    if usize::try_from(length).map_or(true, |length| length > max) {
        return Err(malformed());
    }
    // Grows with what comes: a promised length alone takes no memory.
    let mut body = Vec::new();
    io.take(u64::from(length)).read_to_end(&mut body).await?;
    match (kind, body.len()) {
        (_, read) if read as u64 != u64::from(length) => Err(io::ErrorKind::UnexpectedEof.into()),
        ([0], 0) => Ok(Frame::Probe),
        ([1], _) => Ok(Frame::Body(body)),
        ([2], 0) => Ok(Frame::TooLarge),
        _ => Err(malformed()),
    }
}

async fn write(io: &mut (impl AsyncWrite + Unpin + Send), frame: Frame) -> io::Result<()> {
    let (kind, body) = match frame {
        Frame::Probe => (0u8, Vec::new()),
        Frame::Body(body) => (1, body),
        Frame::TooLarge => (2, Vec::new()),
    };
    let length = u32::try_from(body.len()).map_err(|_| malformed())?;
    io.write_all(&[kind]).await?;
    io.write_all(&length.to_be_bytes()).await?;
    io.write_all(&body).await
}

#[async_trait]
impl Codec for CallCodec {
    type Protocol = StreamProtocol;
    type Request = Frame;
    type Response = Frame;

    async fn read_request<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Frame>
    where
        T: AsyncRead + Unpin + Send,
    {
        read(io, self.question_max).await
    }

    async fn read_response<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Frame>
    where
        T: AsyncRead + Unpin + Send,
    {
        read(io, self.answer_max).await
    }

    async fn write_request<T>(&mut self, _: &StreamProtocol, io: &mut T, frame: Frame) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        write(io, frame).await
    }

    async fn write_response<T>(&mut self, _: &StreamProtocol, io: &mut T, frame: Frame) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        write(io, frame).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::io::Cursor;

    #[tokio::test]
    async fn frames_survive_the_wire() {
        for frame in [Frame::Probe, Frame::TooLarge, Frame::Body(vec![]), Frame::Body(vec![7; 100_000])] {
            let mut wire = Vec::new();
            write(&mut Cursor::new(&mut wire), frame.clone()).await.unwrap();
            assert_eq!(read(&mut Cursor::new(&wire), 100_000).await.unwrap(), frame);
        }
    }

    #[tokio::test]
    async fn broken_frames_are_errors() {
        let mut long = vec![1];
        long.extend(101u32.to_be_bytes());
        long.extend([7; 101]); // all of it is there, and not read
        let wires: [&[u8]; 6] =
            [&[], &[1, 0, 0], &[1, 0, 0, 0, 2, 9], &[0, 0, 0, 0, 1, 9], &[3, 0, 0, 0, 0], &long];
        for wire in wires {
            assert!(read(&mut Cursor::new(wire), 100).await.is_err(), "{wire:?}");
        }
    }
}
