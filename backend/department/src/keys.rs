//! The department's secret keys: one file each, 32 bytes in hex, mode 0600.
//!
//! Written once by `zhenglian init` and never overwritten; read by `run`. A
//! file that others may read is refused, as sshd refuses it.

use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use gm::sm2::SecretKey;
use gm::store_key::StoreKey;
use zeroize::Zeroizing;

use crate::config::Mistake;

/// Mode of a key file: its owner reads and writes, nobody else.
const KEY_MODE: u32 = 0o600;
/// Longest key file read: 64 digits, a line end, and room to see that more follows.
const KEY_FILE_BYTES_MAX: u64 = 128;
/// Bytes of a file with another program's secret.
pub(crate) const SECRET_FILE_BYTES_MAX: u64 = 1024;

/// What a key file is for; its name is the file's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyName {
    /// Signs requests, grants and published entries.
    Office,
    /// Signs tickets, receipts and deliveries.
    Online,
    /// Opens what is sealed to the department.
    Sealing,
    /// Signs votes; only validators have one.
    Consensus,
    /// libp2p identity (ed25519 seed).
    Peer,
    /// Seals the exchange's and the office's own stores.
    Store,
    /// Turns staff accounts into pseudonyms.
    Actor,
    /// Signs session cookies.
    Session,
}

impl KeyName {
    const ALL: [Self; 8] = [
        Self::Office,
        Self::Online,
        Self::Sealing,
        Self::Consensus,
        Self::Peer,
        Self::Store,
        Self::Actor,
        Self::Session,
    ];

    fn file(self) -> &'static str {
        match self {
            Self::Office => "office.key",
            Self::Online => "online.key",
            Self::Sealing => "sealing.key",
            Self::Consensus => "consensus.key",
            Self::Peer => "peer.key",
            Self::Store => "store.key",
            Self::Actor => "actor.key",
            Self::Session => "session.key",
        }
    }
}

/// Why a key could not be made or read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyFault {
    /// The folder or file could not be read or written.
    #[error("{path}: {source}")]
    Io { path: String, source: io::Error },
    /// `init` found a key: it never overwrites one.
    #[error("{path} is already there; keys are never overwritten")]
    Exists { path: String },
    /// Others than the owner may read the file.
    #[error("{path} has mode {mode:o}; run: chmod 600 {path}")]
    Mode { path: String, mode: u32 },
    /// The file does not hold a key.
    #[error("{path} does not hold 64 hexadecimal digits that form a key")]
    Content { path: String },
    /// The operating system gave no randomness.
    #[error("no randomness from the operating system")]
    Random,
}

/// All keys of a running department.
pub(crate) struct Keys {
    pub(crate) office: SecretKey,
    pub(crate) online: SecretKey,
    pub(crate) sealing: SecretKey,
    pub(crate) consensus: Option<SecretKey>,
    pub(crate) peer: Zeroizing<[u8; 32]>,
    pub(crate) store: StoreKey,
    pub(crate) actor: Zeroizing<[u8; 32]>,
    pub(crate) session: Zeroizing<[u8; 32]>,
}

impl Keys {
    /// Makes all keys in an empty or absent folder.
    ///
    /// # Errors
    /// A key file that is already there is a fault: keys are never overwritten.
    pub(crate) fn make(folder: &Path, validator: bool) -> Result<(), KeyFault> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(|source| io_fault(folder, source))?;
        for name in KeyName::ALL {
            let path = folder.join(name.file());
            if path.exists() {
                return Err(KeyFault::Exists { path: path.display().to_string() });
            }
        }
        for name in names(validator) {
            let bytes = match name {
                KeyName::Office | KeyName::Online | KeyName::Sealing | KeyName::Consensus => {
                    SecretKey::generate().map_err(|_| KeyFault::Random)?.to_bytes()
                }
                KeyName::Peer | KeyName::Store | KeyName::Actor | KeyName::Session => {
                    Zeroizing::new(gm::random::bytes::<32>().map_err(|_| KeyFault::Random)?)
                }
            };
            write(&folder.join(name.file()), &bytes)?;
        }
        Ok(())
    }

    /// Reads all keys.
    ///
    /// # Errors
    /// Every key file that is missing, readable by others or no key.
    pub(crate) fn load(folder: &Path, validator: bool) -> Result<Self, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        let mut seed = |name: KeyName| match read(&folder.join(name.file())) {
            Ok(bytes) => Some(bytes),
            Err(fault) => {
                mistakes.push(mistake(folder, name, &fault));
                None
            }
        };
        let peer = seed(KeyName::Peer);
        let store = seed(KeyName::Store);
        let actor = seed(KeyName::Actor);
        let session = seed(KeyName::Session);
        let mut secret = |name: KeyName| {
            let path = folder.join(name.file());
            let key = read(&path).and_then(|bytes| {
                SecretKey::from_bytes(&bytes)
                    .map_err(|_| KeyFault::Content { path: path.display().to_string() })
            });
            key.map_err(|fault| mistakes.push(mistake(folder, name, &fault))).ok()
        };
        let office = secret(KeyName::Office);
        let online = secret(KeyName::Online);
        let sealing = secret(KeyName::Sealing);
        let consensus = if validator { Some(secret(KeyName::Consensus)) } else { None };
        match (office, online, sealing, peer, store, actor, session) {
            (
                Some(office),
                Some(online),
                Some(sealing),
                Some(peer),
                Some(store),
                Some(actor),
                Some(session),
            ) if mistakes.is_empty() => Ok(Self {
                office,
                online,
                sealing,
                consensus: consensus.flatten(),
                peer,
                store: StoreKey::from_bytes(*store),
                actor,
                session,
            }),
            _ => Err(mistakes),
        }
    }
}

fn names(validator: bool) -> impl Iterator<Item = KeyName> {
    KeyName::ALL.into_iter().filter(move |name| validator || *name != KeyName::Consensus)
}

fn mistake(folder: &Path, name: KeyName, fault: &KeyFault) -> Mistake {
    let mend = match fault {
        KeyFault::Mode { .. } => "take the file away from others; if they may have read it, make new keys",
        KeyFault::Io { .. } | KeyFault::Exists { .. } | KeyFault::Content { .. } | KeyFault::Random => {
            "run `zhenglian init`, or restore the file from its backup"
        }
    };
    Mistake::new(folder.join(name.file()).display().to_string(), fault.to_string(), mend)
}

fn write(path: &PathBuf, bytes: &[u8; 32]) -> Result<(), KeyFault> {
    let text = Zeroizing::new(format!("{}\n", *Zeroizing::new(hex::encode(bytes))));
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(KEY_MODE)
        .open(path)
        .map_err(|source| io_fault(path, source))?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(|source| io_fault(path, source))
}

/// The text of a file that nobody else may read.
fn read_private(path: &Path, most: u64) -> Result<Zeroizing<String>, KeyFault> {
    let file = fs::File::open(path).map_err(|source| io_fault(path, source))?;
    let mode = file.metadata().map_err(|source| io_fault(path, source))?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(KeyFault::Mode { path: path.display().to_string(), mode });
    }
    let mut text = Zeroizing::new(String::new());
    file.take(most).read_to_string(&mut text).map_err(|source| io_fault(path, source))?;
    Ok(text)
}

fn read(path: &Path) -> Result<Zeroizing<[u8; 32]>, KeyFault> {
    let text = read_private(path, KEY_FILE_BYTES_MAX)?;
    let mut bytes = Zeroizing::new([0; 32]);
    hex::decode_to_slice(text.trim_end(), bytes.as_mut_slice())
        .map_err(|_| KeyFault::Content { path: path.display().to_string() })?;
    Ok(bytes)
}

/// Reads a secret that another program gave, from a file that nobody else may read.
///
/// # Errors
/// [`KeyFault`]: no such file, or one that others may read.
pub(crate) fn read_secret(path: &Path) -> Result<Zeroizing<String>, KeyFault> {
    // One more than may be, so that what is longer is seen and not cut.
    Ok(Zeroizing::new(read_private(path, SECRET_FILE_BYTES_MAX + 1)?.trim().to_owned()))
}

/// Makes an officer's own key in a new file.
///
/// # Errors
/// A file that is there already or cannot be written.
pub(crate) fn make_own(path: &PathBuf) -> Result<SecretKey, KeyFault> {
    if path.exists() {
        return Err(KeyFault::Exists { path: path.display().to_string() });
    }
    let key = SecretKey::generate().map_err(|_| KeyFault::Random)?;
    write(path, &key.to_bytes())?;
    Ok(key)
}

/// Reads an officer's own key.
///
/// # Errors
/// A file that cannot be read, that others may read, or that holds no key.
pub(crate) fn read_own(path: &Path) -> Result<SecretKey, KeyFault> {
    SecretKey::from_bytes(&*read(path)?).map_err(|_| KeyFault::Content { path: path.display().to_string() })
}

fn io_fault(path: &Path, source: io::Error) -> KeyFault {
    KeyFault::Io { path: path.display().to_string(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_written_for_their_owner_alone_and_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("keys");
        Keys::make(&folder, true).unwrap();
        for name in names(true) {
            let mode = fs::metadata(folder.join(name.file())).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{name:?}");
        }
        assert!(Keys::load(&folder, true).is_ok());
        assert!(matches!(Keys::make(&folder, true), Err(KeyFault::Exists { .. })), "never overwritten");
    }

    #[test]
    fn every_bad_key_file_is_reported_at_once() {
        let folder = tempfile::tempdir().unwrap();
        Keys::make(folder.path(), false).unwrap();
        fs::set_permissions(folder.path().join("online.key"), fs::Permissions::from_mode(0o640)).unwrap();
        fs::write(folder.path().join("store.key"), "not a key").unwrap();
        fs::remove_file(folder.path().join("session.key")).unwrap();
        let Err(mistakes) = Keys::load(folder.path(), false) else { panic!("accepted") };
        assert_eq!(mistakes.len(), 3);
        assert!(mistakes.iter().any(|mistake| mistake.what.contains("mode 640")));
    }

    #[test]
    fn a_validator_without_its_consensus_key_does_not_start() {
        let folder = tempfile::tempdir().unwrap();
        Keys::make(folder.path(), false).unwrap();
        assert!(Keys::load(folder.path(), false).is_ok());
        assert!(Keys::load(folder.path(), true).is_err());
    }
}
