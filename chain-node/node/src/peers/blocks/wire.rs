//! The bytes of questions for blocks and their answers. Fixed numbers in front, then blocks and
//! certificate as they lie on disk. What exceeds a limit is refused before a byte of it is read.

use std::io;

use async_trait::async_trait;
use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use ledger::ids::Height;
use libp2p::StreamProtocol;
use libp2p::request_response::Codec;

use crate::limits::{BLOCKS_ANSWER_BYTES_MAX, BLOCKS_PER_ANSWER_MAX, CERTIFICATE_BYTES_MAX};

/// A question for the blocks after a height.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Question {
    /// The height before the first that is wanted.
    pub(crate) after: Height,
    /// Bytes of blocks that are wanted at most; none for who only wants to know the head.
    pub(crate) bytes_max: u32,
    /// How long the answer may wait until there is such a block, in milliseconds.
    pub(crate) wait_ms: u16,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Ask somebody else for a while.
    Busy,
    /// What is here.
    Run(Run),
}

/// Blocks that follow each other, the first being the one after the height that was asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    /// The head of who answers.
    pub(crate) head: Height,
    /// The blocks' bytes.
    pub(crate) blocks: Vec<Vec<u8>>,
    /// The bytes of the last one's certificate; empty without blocks. Those of the others stand in the
    /// blocks that follow them.
    pub(crate) certificate: Vec<u8>,
}

/// Reads and writes questions and answers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct BlockCodec;

const BUSY: u8 = 0;
const RUN: u8 = 1;

fn malformed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "no answer about blocks")
}

async fn number<const N: usize>(io: &mut (impl AsyncRead + Unpin + Send)) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    io.read_exact(&mut bytes).await?;
    Ok(bytes)
}

/// So many bytes, if they are no more than `most`.
async fn body(io: &mut (impl AsyncRead + Unpin + Send), most: usize) -> io::Result<Vec<u8>> {
    let length = u32::from_be_bytes(number(io).await?);
    if usize::try_from(length).map_or(true, |length| length > most) {
        return Err(malformed());
    }
    // Grows with what comes: a promised length alone takes no memory.
    let mut body = Vec::new();
    io.take(u64::from(length)).read_to_end(&mut body).await?;
    if body.len() as u64 == u64::from(length) { Ok(body) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

async fn write_body(io: &mut (impl AsyncWrite + Unpin + Send), body: &[u8]) -> io::Result<()> {
    let length = u32::try_from(body.len()).map_err(|_| malformed())?;
    io.write_all(&length.to_be_bytes()).await?;
    io.write_all(body).await
}

async fn read_question(io: &mut (impl AsyncRead + Unpin + Send)) -> io::Result<Question> {
    let after = Height(u64::from_be_bytes(number(io).await?));
    let bytes_max = u32::from_be_bytes(number(io).await?);
    let wait_ms = u16::from_be_bytes(number(io).await?);
    Ok(Question { after, bytes_max, wait_ms })
}

async fn write_question(io: &mut (impl AsyncWrite + Unpin + Send), question: Question) -> io::Result<()> {
    io.write_all(&question.after.0.to_be_bytes()).await?;
    io.write_all(&question.bytes_max.to_be_bytes()).await?;
    io.write_all(&question.wait_ms.to_be_bytes()).await
}

async fn read_answer(io: &mut (impl AsyncRead + Unpin + Send)) -> io::Result<Answer> {
    match number(io).await? {
        [BUSY] => Ok(Answer::Busy),
        [RUN] => {
            let head = Height(u64::from_be_bytes(number(io).await?));
            let count = usize::from(u16::from_be_bytes(number(io).await?));
            if count > BLOCKS_PER_ANSWER_MAX {
                return Err(malformed());
            }
            let mut room = BLOCKS_ANSWER_BYTES_MAX;
            let mut blocks = Vec::new();
            for _ in 0..count {
                let block = body(io, room).await?;
                room = room.saturating_sub(block.len());
                blocks.push(block);
            }
            let certificate = body(io, CERTIFICATE_BYTES_MAX).await?;
            Ok(Answer::Run(Run { head, blocks, certificate }))
        }
        [_] => Err(malformed()),
    }
}

async fn write_answer(io: &mut (impl AsyncWrite + Unpin + Send), answer: Answer) -> io::Result<()> {
    let Answer::Run(Run { head, blocks, certificate }) = answer else {
        return io.write_all(&[BUSY]).await;
    };
    let count = u16::try_from(blocks.len()).map_err(|_| malformed())?;
    io.write_all(&[RUN]).await?;
    io.write_all(&head.0.to_be_bytes()).await?;
    io.write_all(&count.to_be_bytes()).await?;
    for block in &blocks {
        write_body(io, block).await?;
    }
    write_body(io, &certificate).await
}

#[async_trait]
impl Codec for BlockCodec {
    type Protocol = StreamProtocol;
    type Request = Question;
    type Response = Answer;

    async fn read_request<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Question>
    where
        T: AsyncRead + Unpin + Send,
    {
        read_question(io).await
    }

    async fn read_response<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Answer>
    where
        T: AsyncRead + Unpin + Send,
    {
        read_answer(io).await
    }

    async fn write_request<T>(&mut self, _: &StreamProtocol, io: &mut T, question: Question) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        write_question(io, question).await
    }

    async fn write_response<T>(&mut self, _: &StreamProtocol, io: &mut T, answer: Answer) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        write_answer(io, answer).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::io::Cursor;

    fn run(blocks: Vec<Vec<u8>>, certificate: Vec<u8>) -> Answer {
        Answer::Run(Run { head: Height(7), blocks, certificate })
    }

    async fn written(answer: Answer) -> Vec<u8> {
        let mut wire = Vec::new();
        write_answer(&mut Cursor::new(&mut wire), answer).await.unwrap();
        wire
    }

    #[tokio::test]
    async fn questions_and_answers_survive_the_wire() {
        let question = Question { after: Height(u64::MAX), bytes_max: 9, wait_ms: 5_000 };
        let mut wire = Vec::new();
        write_question(&mut Cursor::new(&mut wire), question).await.unwrap();
        assert_eq!(read_question(&mut Cursor::new(&wire)).await.unwrap(), question);
        let half = vec![7; BLOCKS_ANSWER_BYTES_MAX / 2];
        let full = run(vec![half.clone(), half], vec![9; CERTIFICATE_BYTES_MAX]);
        for answer in [Answer::Busy, run(vec![], vec![]), run(vec![vec![1], vec![]], vec![2; 300]), full] {
            let wire = written(answer.clone()).await;
            assert_eq!(read_answer(&mut Cursor::new(&wire)).await.unwrap(), answer);
        }
    }

    #[tokio::test]
    async fn what_is_cut_or_exceeds_a_limit_is_an_error() {
        let whole = written(run(vec![vec![1, 2], vec![3]], vec![4, 5])).await;
        for end in 0..whole.len() {
            assert!(read_answer(&mut Cursor::new(&whole[..end])).await.is_err(), "{end}");
        }
        let half = vec![7; BLOCKS_ANSWER_BYTES_MAX / 2];
        let beyond = [
            run(vec![half.clone(), half, vec![1]], vec![]),
            run(vec![vec![]; BLOCKS_PER_ANSWER_MAX + 1], vec![]),
            run(vec![], vec![0; CERTIFICATE_BYTES_MAX + 1]),
        ];
        for answer in beyond {
            assert!(read_answer(&mut Cursor::new(&written(answer).await)).await.is_err());
        }
        assert!(read_answer(&mut Cursor::new(&[9])).await.is_err());
    }
}
