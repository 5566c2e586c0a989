//! What this validator has signed, in a file of its own: nothing it signs contradicts it, whatever becomes of the
//! other folders. The file stays where it is when a data folder is put back from a backup, or when the engine's log
//! is lost; then the validator follows until the others have decided what it may have voted on.
//!
//! One line for each signature of the highest height: height, round, kind, digest of what was signed. Read before
//! and on disk before a signature leaves. A line that the power cut short was never followed by its signature.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use gm::domain::ChainId;
use gm::sm3::Digest;
use ledger::equivocation::MessageKind;
use ledger::ids::{Address, Height, Time};

use crate::fault::NodeFault;
use crate::limits::SIGN_GUARD_BYTES_MAX;

/// The last round there is: a line of it says that nothing more is signed at its height.
const CLOSED: u32 = u32::MAX;

/// Rounds of a height that are remembered message by message: the engine takes what it said before them from its log.
const ROUNDS_KEPT: u32 = 16;

/// Guards one consensus key on one chain.
pub(crate) struct SignGuard {
    path: PathBuf,
    inner: Mutex<Inner>,
    /// None in memory.
    _lock: Option<File>,
}

struct Inner {
    /// None in memory.
    file: Option<File>,
    bytes: u64,
    signed: Signed,
}

/// What was signed, at the highest height.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Signed {
    height: Height,
    messages: BTreeMap<(u32, MessageKind), Digest>,
}

/// What this validator would contradict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Contradiction {
    /// It signed at a later place.
    Backwards,
    /// It signed another message there.
    Different,
}

/// Whether a validator votes from its start on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Voting {
    /// It may.
    AtOnce,
    /// It may have signed what its folders do not know: it follows until this height is decided.
    Above(Height),
    /// It does not know what it signed: it follows until a block is decided that was made after its start.
    AboveOneMadeAfter(Time),
}

impl Signed {
    /// Whether a message may be signed; false if it was before.
    fn judge(
        &self,
        height: Height,
        place: (u32, MessageKind),
        digest: &Digest,
    ) -> Result<bool, Contradiction> {
        if height != self.height {
            return if height > self.height { Ok(true) } else { Err(Contradiction::Backwards) };
        }
        if let Some(signed) = self.messages.get(&place) {
            return if signed == digest { Ok(false) } else { Err(Contradiction::Different) };
        }
        // Blocks are announced beside the votes: each of the two moves forward by itself.
        let is_announced = |kind: MessageKind| kind == MessageKind::Announcement;
        let mut alike =
            self.messages.keys().rev().filter(|(_, kind)| is_announced(*kind) == is_announced(place.1));
        let is_forward = alike.next().is_none_or(|last| place > *last) && !self.is_closed();
        if is_forward { Ok(true) } else { Err(Contradiction::Backwards) }
    }

    fn is_closed(&self) -> bool {
        self.messages.keys().next_back().is_some_and(|(round, _)| *round == CLOSED)
    }

    fn add(&mut self, height: Height, place: (u32, MessageKind), digest: Digest) {
        if height > self.height {
            self.height = height;
            self.messages.clear();
        }
        self.messages.insert(place, digest);
        self.messages.retain(|(round, _), _| *round >= place.0.saturating_sub(ROUNDS_KEPT));
    }

    fn lines(&self) -> String {
        let mut lines = String::new();
        for ((round, kind), digest) in &self.messages {
            writeln!(lines, "{} {round} {kind} {digest}", self.height).ok(); // writing to a String cannot fail
        }
        lines
    }

    /// Reads whole lines; what follows the last is not counted.
    fn parse(text: &str) -> Option<Self> {
        let mut signed = Self::default();
        for line in text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')) {
            let mut words = line.split(' ');
            let (height, round) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
            let (kind, digest) = (MessageKind::from_code(words.next()?)?, words.next()?);
            let digest = <[u8; 32]>::try_from(hex::decode(digest).ok()?).ok()?;
            if words.next().is_some() || Height(height) < signed.height {
                return None;
            }
            signed.add(Height(height), (round, kind), Digest(digest));
        }
        Some(signed)
    }
}

impl SignGuard {
    /// The guard of a key in a folder, made if there is none; and whether there was one.
    ///
    /// # Errors
    /// [`NodeFault::InUse`] if another process signs with this key, [`NodeFault::SignGuard`] if the file cannot be
    /// used.
    pub(crate) fn open(folder: &Path, chain: ChainId, key: Address) -> Result<(Self, bool), NodeFault> {
        let chain = chain.to_string();
        let path = folder.join(format!("{}-{key}", chain.get(..16).unwrap_or(&chain)));
        let broken = |what: &dyn std::fmt::Display| NodeFault::sign_guard(&path, what);
        std::fs::create_dir_all(folder).map_err(|error| broken(&error))?;
        let lock = File::create(path.with_extension("lock")).map_err(|error| broken(&error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => return Err(NodeFault::InUse(path)),
            Err(std::fs::TryLockError::Error(error)) => return Err(broken(&error)),
        }
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(broken(&error)),
        };
        let was_there = text.is_some();
        let signed =
            Signed::parse(&text.unwrap_or_default()).ok_or_else(|| broken(&"a line cannot be read"))?;
        let (file, bytes) = rewrite(&path, &signed).map_err(|error| broken(&error))?;
        let inner = Mutex::new(Inner { file: Some(file), bytes, signed });
        Ok((Self { path, inner, _lock: Some(lock) }, was_there))
    }

    /// One that forgets with its process, for chains without disks.
    #[cfg(test)]
    pub(crate) fn in_memory() -> Self {
        let inner = Inner { file: None, bytes: 0, signed: Signed::default() };
        Self { path: PathBuf::new(), inner: Mutex::new(inner), _lock: None }
    }

    /// Whether the validator votes from here on. `tip` is the store's head; `has_log` tells whether the engine's
    /// log is there, which knows what was said at the height after it; `was_there` whether this guard was.
    pub(crate) fn voting(&self, tip: Height, has_log: bool, was_there: bool, now: Time) -> Voting {
        let signed = &self.inner().signed;
        if !was_there {
            // A new validator has no blocks either.
            let is_new = tip == Height(0);
            return if is_new { Voting::AtOnce } else { Voting::AboveOneMadeAfter(now) };
        }
        let is_behind = signed.height > tip.next();
        let is_lost = signed.height == tip.next() && (!has_log || signed.is_closed());
        if is_behind || is_lost { Voting::Above(signed.height) } else { Voting::AtOnce }
    }

    /// Whether a message may be signed.
    ///
    /// # Errors
    /// [`Contradiction`].
    pub(crate) fn check(
        &self,
        height: Height,
        place: (u32, MessageKind),
        digest: &Digest,
    ) -> Result<(), Contradiction> {
        self.inner().signed.judge(height, place, digest).map(|_| ())
    }

    /// Keeps what is signed. On disk when this returns.
    ///
    /// # Errors
    /// [`NodeFault::Contradiction`] if it must not be signed: then nothing more is at this height.
    pub(crate) fn keep(
        &self,
        height: Height,
        place: (u32, MessageKind),
        digest: &Digest,
    ) -> Result<(), NodeFault> {
        let mut inner = self.inner();
        match inner.signed.judge(height, place, digest) {
            Ok(true) => self.write(&mut inner, height, place, digest),
            Ok(false) => Ok(()),
            Err(contradiction) => {
                let signed = inner.signed.height;
                if height == signed {
                    self.write(&mut inner, height, (CLOSED, MessageKind::Precommit), &Digest::ZERO)?;
                }
                let what = match contradiction {
                    Contradiction::Backwards => "later ones",
                    Contradiction::Different => "another in its place",
                };
                Err(NodeFault::Contradiction { height: height.0, signed: signed.0, what })
            }
        }
    }

    /// Nothing is signed at this height or below any more.
    ///
    /// # Errors
    /// [`NodeFault::SignGuard`] if that cannot be written.
    pub(crate) fn close(&self, height: Height) -> Result<(), NodeFault> {
        let mut inner = self.inner();
        if height < inner.signed.height {
            return Ok(());
        }
        self.write(&mut inner, height, (CLOSED, MessageKind::Precommit), &Digest::ZERO)
    }

    fn write(
        &self,
        inner: &mut Inner,
        height: Height,
        place: (u32, MessageKind),
        digest: &Digest,
    ) -> Result<(), NodeFault> {
        inner.signed.add(height, place, *digest);
        let line = format!("{height} {} {} {digest}\n", place.0, place.1);
        let Inner { file: Some(file), bytes, signed } = inner else { return Ok(()) };
        let length = line.len() as u64;
        let written = if bytes.saturating_add(length) > SIGN_GUARD_BYTES_MAX {
            rewrite(&self.path, signed).map(|(anew, length)| (*file, *bytes) = (anew, length))
        } else {
            *bytes = bytes.saturating_add(length);
            file.write_all(line.as_bytes()).and_then(|()| file.sync_data())
        };
        written.map_err(|error| NodeFault::sign_guard(&self.path, &error))
    }

    fn inner(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes the file anew with the highest height alone: what was signed below it counts no more. Until the new file
/// stands whole in its place, the old one does.
fn rewrite(path: &Path, signed: &Signed) -> std::io::Result<(File, u64)> {
    let lines = signed.lines();
    let new = path.with_extension("new");
    let mut file = File::create(&new)?;
    file.write_all(lines.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&new, path)?;
    if let Some(folder) = path.parent() {
        File::open(folder)?.sync_all()?;
    }
    Ok((file, lines.len() as u64))
}

#[cfg(test)]
mod tests;
