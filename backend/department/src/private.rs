//! What the process writes is for its own user alone, whatever the shell it was started from allows.

use std::fs::{DirBuilder, Permissions, set_permissions};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::Path;

use rustix::fs::Mode;
use rustix::process::umask;

use crate::exit::Failure;

/// Nothing for group and others.
const FOLDER_MODE: u32 = 0o700;

/// Makes the data folder, takes it from all others, and lets every file that is made from here on
/// be the owner's alone.
///
/// # Errors
/// A folder that cannot be made or is not ours.
pub(crate) fn own(folder: &Path) -> Result<(), Failure> {
    umask(Mode::RWXG | Mode::RWXO);
    DirBuilder::new()
        .recursive(true)
        .mode(FOLDER_MODE)
        .create(folder)
        .and_then(|()| set_permissions(folder, Permissions::from_mode(FOLDER_MODE)))
        .map_err(|error| Failure::fault(&format!("{} cannot be kept private", folder.display()), error))
}
